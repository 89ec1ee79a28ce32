/** Child processes that cannot outlive this one: each leads a process group, and the group ends as a whole. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { spawn, type ChildProcess } from 'node:child_process';

const hasGroups = process.platform !== 'win32';
const LOOK_FOR_PARENT_EVERY_MS = 1000;
const running = new Set<ProcessGroup>();
process.on('exit', () => running.forEach((group) => group.kill()));

/**
 * Calls back, with the exit code to end with, on Ctrl-C and SIGTERM, and when the npm that runs this script has ended:
 * a SIGTERM sent to npm ends npm and its shell, but never reaches us.
 */
export function onEndRequest(end: (exitCode: number) => void) {
	process.on('SIGINT', () => end(130)).on('SIGTERM', () => end(143));
	if (process.env.npm_lifecycle_event === undefined) return;
	const parent = process.ppid;
	setInterval(() => process.ppid !== parent && end(143), LOOK_FOR_PARENT_EVERY_MS).unref();
}

export interface ProcessOptions {
	cwd?: string;
	env?: NodeJS.ProcessEnv;
	/** Gets every line of standard output and standard error, as it comes. */
	onLine?: (line: string) => void;
}

export class ProcessGroup {
	/** Resolves with the exit code when the leader has ended, -1 when a signal ended it. */
	readonly ended: Promise<number>;
	private readonly leader: ChildProcess;

	constructor(file: string, args: readonly string[], { cwd, env, onLine }: ProcessOptions = {}) {
		this.leader = spawn(file, args, {
			cwd,
			env,
			detached: hasGroups,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		running.add(this);
		for (const stream of [this.leader.stdout, this.leader.stderr]) {
			if (stream) createInterface({ input: stream }).on('line', (line) => onLine?.(line));
		}
		this.ended = this.untilEnded();
	}

	/** Of the leader. @throws when there is no such program */
	get pid(): number {
		const { pid } = this.leader;
		if (pid === undefined) throw new Error(`${this.leader.spawnfile} could not be started`);
		return pid;
	}

	/** Asks the leader to end; what is left of the group after the grace period is killed. */
	async stop(graceMs: number) {
		this.leader.kill('SIGTERM');
		const timer = setTimeout(() => this.kill(), graceMs);
		await this.ended.catch(() => {});
		clearTimeout(timer);
	}

	/** Ends the whole group at once, without a chance to tidy up: what a crash or a power cut does. */
	kill() {
		const { pid } = this.leader;
		if (pid === undefined) return;
		try {
			process.kill(hasGroups ? -pid : pid, 'SIGKILL');
		} catch {
			// ESRCH: nobody of the group is left.
		}
	}

	private async untilEnded() {
		try {
			const [code] = (await once(this.leader, 'exit')) as [number | null];
			return code ?? -1;
		} finally {
			// A child of the leader may have stayed behind, n8n's task runner for one.
			this.kill();
			running.delete(this);
		}
	}
}

/**
 * Runs a command to its end.
 * @throws with the last lines it printed when it fails.
 */
export async function runToEnd(
	file: string,
	args: readonly string[],
	options: ProcessOptions = {},
) {
	const lines: string[] = [];
	const group = new ProcessGroup(file, args, {
		...options,
		onLine(line) {
			lines.push(line);
			options.onLine?.(line);
		},
	});
	const code = await group.ended;
	if (code !== 0) {
		const command = [file, ...args].join(' ');
		throw new Error(`"${command}" ended with code ${code}:\n${lines.slice(-20).join('\n')}`);
	}
	return lines;
}

/** Runs npm. */
export async function npm(args: readonly string[], options?: ProcessOptions) {
	if (process.platform !== 'win32') return await runToEnd('npm', args, options);
	return await runToEnd('cmd', ['/c', 'npm', ...args], options);
}
