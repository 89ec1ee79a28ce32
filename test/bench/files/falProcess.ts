/** The local fal of the bench of files, in a process of its own: what goes through it is not a contender's memory. */
import { startLocalFal } from '../../local-fal';
import { answerQuestions } from '../sockets/messages';

export interface Traffic {
	readonly baseUrl: string;
	readonly uploads: number;
	readonly downloads: number;
	readonly jobs: number;
}

const starting = startLocalFal({ accountConcurrency: 40, jobTime: () => 100 });

answerQuestions<'reset' | 'count', Traffic>(async (question) => {
	const fal = await starting;
	if (question === 'reset') fal.reset();
	const { calls, jobs } = fal.counts();
	return {
		baseUrl: fal.baseUrl,
		uploads: fal.uploads.length,
		downloads: calls.media,
		jobs: jobs.completed,
	};
});
