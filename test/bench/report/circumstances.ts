/** Where and when the figures were taken. */
import { cpus, totalmem } from 'node:os';

export interface Circumstances {
	readonly command: string;
	readonly date: string;
	readonly node: string;
	readonly processors: string;
	readonly memory: string;
}

/** When the two clocks were looked at. */
export interface Occasions {
	readonly virtual: Circumstances;
	readonly sockets: Circumstances;
}

export function circumstances(): Circumstances {
	const all = cpus();
	return {
		command: 'npm run bench',
		date: new Date().toISOString().slice(0, 10),
		node: process.version,
		processors: `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`,
		memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
	};
}
