/** Lets the fault of a cell strike the call of that cell. */
import type { Call, CallKind, FaultyAnswer, LocalFal } from '../../local-fal';
import { watchRefusals } from '../refusals';
import { FAULTS, type FaultName, type Lasting } from './faults';

interface Calls {
	readonly call: CallKind;
	readonly where?: (call: Readonly<Call>) => boolean;
}

export interface Target extends Calls {
	/**
	 * The call that comes right before: to be refused, the target must find nobody after it. Absent where
	 * the target is the first call of all.
	 */
	readonly after?: Calls & {
		/** Whether its answer is lost as fal goes; else it still arrives. */
		readonly isLost?: boolean;
	};
}

export interface Strike {
	/** Connections that were refused so far. */
	readonly refusals: number;
	/** When the fault asks to come back, as it asks. */
	readonly retryAfter?: string | undefined;
	end(): void;
}

export function strike(fal: LocalFal, fault: FaultName, lasting: Lasting, target: Target): Strike {
	const answer: FaultyAnswer | 'refused' = FAULTS[fault]();
	if (answer === 'refused') return refuse(fal, lasting, target);
	schedule(fal, target, answer, lasting);
	const retryAfter =
		typeof answer === 'object' && 'headers' in answer && answer.headers?.['retry-after'];
	return { refusals: 0, end: () => {}, ...(retryAfter && { retryAfter }) };
}

/** Nobody listens any more: for good, or until the first caller has found that out. */
function refuse(fal: LocalFal, lasting: Lasting, { after }: Target): Strike {
	let refusals = 0;
	const end = watchRefusals(Number(new URL(fal.baseUrl).port), () => {
		refusals++;
		if (lasting === 'passing') void fal.comeBack();
	});
	if (!after) fal.goDark();
	else if (!after.isLost) schedule(fal, after, 'then_dark', 'passing');
	else {
		const where = (call: Readonly<Call>) => {
			if (after.where?.(call) === false) return false;
			fal.goDark();
			return true;
		};
		schedule(fal, { ...after, where }, 'reset_after', 'passing');
	}
	return {
		get refusals() {
			return refusals;
		},
		end,
	};
}

function schedule(
	fal: LocalFal,
	{ call, where }: Calls,
	answer: FaultyAnswer,
	lasting: Lasting,
): void {
	const times = lasting === 'passing' ? 1 : Infinity;
	fal.schedule({ call, answer, times, ...(where && { where }) });
}
