/**
 * Tells any number of listeners of an abort. Node warns of a leak when a signal has more than ten listeners,
 * and a batch has one for every job that waits; so each signal gets a single listener here, which calls all
 * the others.
 */
const listenersOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * @param hear called once, when the signal aborts; at once if it already has
 * @returns a function that ends the listening
 */
export function onAbort(signal: AbortSignal | undefined, hear: () => void): () => void {
	if (!signal) return () => {};
	if (signal.aborted) {
		hear();
		return () => {};
	}
	const listeners = listenersOf.get(signal) ?? listenTo(signal);
	listeners.add(hear);
	return () => listeners.delete(hear);
}

function listenTo(signal: AbortSignal): Set<() => void> {
	const listeners = new Set<() => void>();
	listenersOf.set(signal, listeners);
	signal.addEventListener('abort', () => [...listeners].forEach((hear) => hear()), { once: true });
	return listeners;
}
