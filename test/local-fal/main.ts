/** `npm run local-fal`: a fal to try things out with, until Ctrl-C. */
import { Command, InvalidArgumentError } from 'commander';
import { MODELS, startLocalFal } from './index';
import type { Job } from './index';
import { answerOf, promptOf } from './jobs';

interface Settings {
	port: number;
	accountConcurrency: number;
	latency: number;
	speed: number;
}

void new Command('local-fal')
	.description('A local fal: the queue, its models and real pictures, without an account.')
	.option('--port <number>', 'TCP port on 127.0.0.1', amount, 8788)
	.option('--account-concurrency <jobs>', 'most jobs in progress: 2 to 40 at fal', amount, 10)
	.option('--latency <ms>', 'added to each answer', amount, 0)
	.option('--speed <factor>', 'how many times faster than fal', amount, 1)
	.action(serve)
	.parseAsync();

async function serve(settings: Settings): Promise<void> {
	const fal = await startLocalFal({ ...settings, onJobEnd: (job) => console.log(lineFor(job)) });
	console.log(`The local fal runs. Press Ctrl-C to stop it.

  Base URL  ${fal.baseUrl}
  API Key   ${fal.options.keys.join(', ')}
  Models    ${MODELS.map(({ id }) => id).join('\n            ')}
`);
	process.once('SIGINT', () => void fal.close());
	process.once('SIGTERM', () => void fal.close());
}

function amount(text: string): number {
	const value = Number(text);
	if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('Not a number.');
	return value;
}

function lineFor(job: Job): string {
	if (job.progress.status !== 'COMPLETED') return '';
	const { ending, endedAt } = job.progress;
	const { status } = answerOf(job.requestId, ending);
	const seconds = ((endedAt - job.acceptedAt) / 1000).toFixed(1);
	const outcome = ending.kind === 'output' ? 'completed' : `${ending.kind} ${status}`;
	const time = new Date(endedAt).toLocaleTimeString('en-GB');
	const prompt = JSON.stringify(promptOf(job.input) ?? null);
	return `${time}  ${job.requestId}  ${outcome}  ${seconds} s  ${job.model.id}  ${prompt}`;
}
