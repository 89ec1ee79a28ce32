/** Which cells the quick size tries: every call and every fault, and nothing that waits for minutes. */
import { FAULT_NAMES, type FaultName, HANGING, type Lasting } from './faults';

/** After anything else fal has to come again with its callback, which the cell has it do in a minute. */
const TAKEN_AT_ONCE: ReadonlySet<FaultName> = new Set<FaultName>([
	'slow trickle',
	'wrong content type',
]);

/** These calls are given up within half a minute when nobody answers. */
const SOON_GIVEN_UP: ReadonlySet<string> = new Set(['cancel', 'cancelRequest', 'status', 'check']);

/** Tried until the Item Timeout and far beyond it, because the result is paid for. */
const PATIENT: ReadonlySet<string> = new Set(['result', 'resultOfFailure']);

/** Of the other cells, a third: in a slant, so that each row and each column has some. */
const EVERY = 3;

/**
 * @param call its name
 * @param column its place among the calls
 */
export function isInSample(
	call: string,
	column: number,
	fault: FaultName,
	lasting: Lasting,
): boolean {
	if (call === 'keys') return TAKEN_AT_ONCE.has(fault);
	const isHanging = HANGING.has(fault);
	if (isHanging && (lasting === 'staying' || !SOON_GIVEN_UP.has(call))) return false;
	// A fal that can't be reached is waited for minutes, whatever the call.
	const isAway = fault === 'connection refused';
	if (lasting === 'staying' && (PATIENT.has(call) || isAway)) return false;
	const place = column + FAULT_NAMES.indexOf(fault) + (lasting === 'staying' ? 1 : 0);
	return place % EVERY === 0;
}
