import { onAbort } from '../../nodes/engine/abort';

describe('onAbort', () => {
	it('tells every listener of the signal, once', () => {
		const stop = new AbortController();
		const heard: string[] = [];
		onAbort(stop.signal, () => heard.push('first'));
		onAbort(stop.signal, () => heard.push('second'));
		expect(heard).toEqual([]);
		stop.abort();
		stop.abort();
		expect(heard).toEqual(['first', 'second']);
	});

	it('tells at once when the signal has aborted already', () => {
		const hear = jest.fn();
		onAbort(AbortSignal.abort(), hear);
		expect(hear).toHaveBeenCalledTimes(1);
	});

	it('tells nobody who has stopped listening', () => {
		const stop = new AbortController();
		const hear = jest.fn();
		const forget = onAbort(stop.signal, hear);
		forget();
		stop.abort();
		expect(hear).not.toHaveBeenCalled();
	});

	it('a listener that forgets another one while it is told does not keep it from hearing', () => {
		const stop = new AbortController();
		const second = jest.fn();
		let forgetSecond = () => {};
		onAbort(stop.signal, () => forgetSecond());
		forgetSecond = onAbort(stop.signal, second);
		stop.abort();
		expect(second).toHaveBeenCalledTimes(1);
	});

	it('does without a signal', () => {
		const hear = jest.fn();
		onAbort(undefined, hear)();
		onAbort(AbortSignal.abort(), () => {})();
		expect(hear).not.toHaveBeenCalled();
	});

	// Node prints a warning of a leak from the eleventh listener of a signal on; a batch has thousands.
	it('puts a single listener on the signal, however many listen', () => {
		const stop = new AbortController();
		const added = jest.spyOn(stop.signal, 'addEventListener');
		for (let listener = 0; listener < 1_000; listener++) onAbort(stop.signal, () => {});
		expect(added).toHaveBeenCalledTimes(1);
	});
});
