/**
 * Lets code that knows only `setTimeout` and `Math.random`, such as the official client, live on the
 * virtual clock, as it is published.
 */
import { seeded } from '../../engine/simulatedFal';
import type { VirtualClock } from '../../engine/virtualClock';

export async function onVirtualTime<Value>(
	clock: VirtualClock,
	work: () => Promise<Value>,
): Promise<Value> {
	const { setTimeout, clearTimeout } = globalThis;
	const { random } = Math;
	Object.assign(globalThis, timersOn(clock));
	Math.random = seeded(1);
	try {
		return await clock.runUntil(work());
	} finally {
		Object.assign(globalThis, { setTimeout, clearTimeout });
		Math.random = random;
	}
}

function timersOn(clock: VirtualClock) {
	const calledOff = new WeakSet<object>();
	return {
		setTimeout: (ring: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) => {
			const timer = {};
			clock.at(clock.now() + ms, () => {
				if (!calledOff.has(timer)) ring(...given);
			});
			return timer;
		},
		clearTimeout: (timer: object | undefined) => {
			if (timer) calledOff.add(timer);
		},
	};
}
