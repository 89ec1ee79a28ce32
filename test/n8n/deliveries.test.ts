/** fal delivers at least once; each completion is to start one execution. */
import type { IDataObject } from 'n8n-workflow';
import { Deliveries } from '../../nodes/FalTrigger/deliveries';

/** The node's static data, as n8n gives it to each process: a copy of what was written last. */
function database() {
	let stored: IDataObject = {};
	return {
		read: () => structuredClone(stored),
		write: (shared: IDataObject) => (stored = structuredClone(shared)),
		size: () => JSON.stringify(stored).length,
	};
}

const completion = (number: number) =>
	`764cabcf-b745-4b3e-ae38-${String(number).padStart(12, '0')} OK`;

describe('in one process', () => {
	it('a completion is new once', () => {
		const deliveries = new Deliveries();
		expect(deliveries.take('req-1 OK', {})).toBe('new');
		deliveries.settle('req-1 OK', true);
		expect(deliveries.take('req-1 OK', {})).toBe('taken_before');
		expect(deliveries.take('req-2 OK', {})).toBe('new');
	});

	it('one that comes twice at the same moment is new once, and the other one not settled', () => {
		const deliveries = new Deliveries();
		expect(deliveries.take('req-1 OK', {})).toBe('new');
		expect(deliveries.take('req-1 OK', {})).toBe('under_way');
	});

	it('one of which no execution came is new again', () => {
		const deliveries = new Deliveries();
		deliveries.take('req-1 OK', {});
		deliveries.settle('req-1 OK', false);
		expect(deliveries.take('req-1 OK', {})).toBe('new');
	});

	it('the last 50,000 are remembered, and no more', () => {
		const deliveries = new Deliveries();
		const take = (number: number) => deliveries.take(completion(number), {});
		for (let number = 0; number < 50_001; number++) {
			expect(take(number)).toBe('new');
			deliveries.settle(completion(number), true);
		}
		expect(take(1)).toBe('taken_before');
		expect(take(50_000)).toBe('taken_before');
		expect(take(0)).toBe('new');
	});
});

describe('across processes, and after a restart', () => {
	it('a completion that one has taken is taken before for the other', () => {
		const { read, write } = database();
		const [one, other] = [new Deliveries(), new Deliveries()];
		const shared = read();
		expect(one.take('req-1 OK', shared)).toBe('new');
		one.share('req-1 OK', shared);
		write(shared);
		expect(other.take('req-1 OK', read())).toBe('taken_before');
		expect(other.take('req-2 OK', read())).toBe('new');
	});

	it('one of which no execution came is new for the other: n8n has not kept it', () => {
		const { read } = database();
		const [one, other] = [new Deliveries(), new Deliveries()];
		one.take('req-1 OK', read());
		one.share('req-1 OK', read());
		one.settle('req-1 OK', false);
		expect(other.take('req-1 OK', read())).toBe('new');
	});

	// What is not guaranteed: n8n writes static data whole, and the last writer wins.
	// n8n 1.x keeps it before it makes the execution.
	it('one that was kept, and of which no execution came, is new again', () => {
		const { read, write } = database();
		const deliveries = new Deliveries();
		const shared = read();
		deliveries.take('req-1 OK', shared);
		deliveries.share('req-1 OK', shared);
		write(shared);
		deliveries.settle('req-1 OK', false);
		expect(deliveries.take('req-1 OK', read())).toBe('new');
		deliveries.settle('req-1 OK', true);
		expect(deliveries.take('req-1 OK', read())).toBe('taken_before');
	});

	it('of two that write at the same time, what the first one wrote is forgotten', () => {
		const { read, write } = database();
		const [one, other] = [new Deliveries(), new Deliveries()];
		const [first, second] = [read(), read()];
		one.share('req-1 OK', first);
		other.share('req-2 OK', second);
		write(first);
		write(second);
		expect(new Deliveries().take('req-1 OK', read())).toBe('new');
		expect(new Deliveries().take('req-2 OK', read())).toBe('taken_before');
	});

	it('n8n’s database holds the last 200, however many came', () => {
		const { read, write, size } = database();
		const deliveries = new Deliveries();
		const sizes: number[] = [];
		for (let number = 0; number < 1_000; number++) {
			const shared = read();
			deliveries.share(completion(number), shared);
			write(shared);
			sizes.push(size());
		}
		expect(sizes.at(-1)).toBe(sizes[199]);
		expect(sizes.at(-1)).toBeLessThan(10_000);
		expect(new Deliveries().take(completion(800), read())).toBe('taken_before');
		expect(new Deliveries().take(completion(799), read())).toBe('new');
	});

	it.each([undefined, null, 'req-1 OK', { 0: 'req-1 OK' }, [7, null]])(
		'static data that holds %j instead is written anew',
		(odd) => {
			const shared = { takenCompletions: odd } as IDataObject;
			const deliveries = new Deliveries();
			expect(deliveries.take('req-1 OK', shared)).toBe('new');
			deliveries.share('req-1 OK', shared);
			expect(shared.takenCompletions).toEqual(['req-1 OK']);
		},
	);
});
