/** A row of the bench: one scenario, and what each contender came to in it. */
import type { Figures } from './figures';
import type { Scenario } from './scenarios';

export interface Row {
	readonly scenario: Scenario;
	/** Virtual: hours in seconds, and the same figures on every machine. Real: real sockets, real time. */
	readonly clock: 'virtual' | 'real';
	/** Milliseconds that the ideal schedule takes. */
	readonly ideal: number;
	readonly figures: ReadonlyMap<string, Figures>;
}

export function wallOverIdeal({ ideal }: Row, { wallTime }: Figures): number {
	return wallTime / ideal;
}
