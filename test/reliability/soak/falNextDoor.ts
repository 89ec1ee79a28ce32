/** Starts the soak's local fal next door, and asks it for its books. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { BookedJob } from '../books';
import type { FromFal, ToFal } from './messages';

export interface FalNextDoor {
	readonly baseUrl: string;
	closeTheBooks(): Promise<{ jobs: BookedJob[]; sum: FromFal & { kind: 'sum' } }>;
	stop(): Promise<void>;
}

/** @param onMark told each time that another thousand jobs have ended */
export async function startFalNextDoor(onMark: (ended: number) => void): Promise<FalNextDoor> {
	const child = fork(resolve('test/reliability/soak/falProcess.ts'), {
		execArgv: ['--import', 'tsx'],
	});
	const jobs: BookedJob[] = [];
	child.on('message', (message: FromFal) => {
		if (message.kind === 'mark') onMark(message.ended);
		if (message.kind === 'jobs') jobs.push(...message.jobs);
	});
	const { baseUrl } = await told(child, 'listening');
	return {
		baseUrl,
		async closeTheBooks() {
			const question: ToFal = { kind: 'close_the_books' };
			child.send(question);
			return { sum: await told(child, 'sum'), jobs };
		},
		async stop() {
			if (child.exitCode !== null) return;
			child.disconnect();
			await once(child, 'exit');
		},
	};
}

async function told<Kind extends FromFal['kind']>(
	child: ChildProcess,
	kind: Kind,
): Promise<FromFal & { kind: Kind }> {
	return await new Promise((tell, fail) => {
		child.once('exit', (code) => fail(new Error(`The local fal ended with ${code}`)));
		child.on('message', (message: FromFal) => {
			if (message.kind === kind) tell(message as FromFal & { kind: Kind });
		});
	});
}
