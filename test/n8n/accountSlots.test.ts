import { accountSlots } from '../../nodes/n8n/accountSlots';

const account = (credentialId: string, maxConcurrentJobs: number) => ({
	credentialId,
	baseUrl: '',
	maxConcurrentJobs,
});

/** Work that goes on until it is told to end; `running` tells how much of it has begun. */
function work() {
	let end = () => {};
	const over = new Promise<void>((resolve) => (end = resolve));
	const state = { running: 0, end: () => end() };
	const job = async () => {
		state.running++;
		await over;
	};
	return { ...state, job, begun: () => state.running };
}

const allMoved = async () => await new Promise((resolve) => setImmediate(resolve));

describe('the slots of an account', () => {
	it('are not limited unless the credential says so', () => {
		expect(accountSlots(account('unlimited', 0))).toBeUndefined();
	});

	it('are the same ones for all that use the credential', async () => {
		const { job, begun, end } = work();
		const slots = [accountSlots(account('shared', 2)), accountSlots(account('shared', 2))];
		const done = slots.flatMap((slot) => [slot?.(job), slot?.(job), slot?.(job)]);
		await allMoved();
		expect(begun()).toBe(2);
		end();
		await Promise.all(done);
		expect(begun()).toBe(6);
	});

	it('of one credential are not those of another', async () => {
		const { job, begun, end } = work();
		const done = ['one', 'other'].map((id) => accountSlots(account(id, 1))?.(job));
		await allMoved();
		expect(begun()).toBe(2);
		end();
		await Promise.all(done);
	});

	it.each([
		{ change: 'raised', to: 3, begins: 3 },
		{ change: 'lifted', to: 0, begins: 4 },
	])('that are $change let in what already waits', async ({ change, to, begins }) => {
		const { job, begun, end } = work();
		const slots = accountSlots(account(change, 1));
		const done = [1, 2, 3, 4].map(() => slots?.(job));
		await allMoved();
		expect(begun()).toBe(1);
		accountSlots(account(change, to));
		await allMoved();
		expect(begun()).toBe(begins);
		end();
		await Promise.all(done);
	});
});
