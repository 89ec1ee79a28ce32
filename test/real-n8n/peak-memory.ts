/** The most memory that a process has had, as Linux counts it. */
import { readFile, writeFile } from 'node:fs/promises';

/** Counts from now on. */
export async function forgetPeak(pid: number) {
	// proc(5): 5 resets the peak resident set size.
	await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** @returns MB */
export async function peakMemory(pid: number): Promise<number> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(status) ?? [];
	return Math.round(Number(kilobytes) / 1024);
}
