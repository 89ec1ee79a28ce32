/** What it costs: Estimate Cost, the Spend Limit, and the cost of items, against the local fal's ledger. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { howMany } from '../long';
import { until } from '../until';
import { runClockFaster } from './quickClock';
import { type NodeRun, runNode } from './runNode';

const KLING = 'fal-ai/kling-video/v2/master/text-to-video';
const DEV = 'fal-ai/flux/dev';
const SCHNELL = 'fal-ai/flux/schnell';

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 50 });
});
afterAll(async () => await fal.close());
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, {
		accountConcurrency: 40,
		exhaustedBalance: false,
		chargesRefusedInputs: false,
		billedUnits: undefined,
	});
});

const BY_ITEM = {
	model: { __rl: true, mode: 'id', value: '={{ $json.model }}' },
	input: '={{ $json.input }}',
};
const localFal = () => ({ apiKey: 'local:key', baseUrl: fal.baseUrl });
const run = (items: IDataObject[], rest: Partial<NodeRun> = {}) =>
	runNode({ items, credential: localFal(), ...rest });
const runEach = (items: IDataObject[], parameters: NodeRun['parameters'] = {}) =>
	run(items, { parameters: { ...BY_ITEM, ...parameters } });
const prompts = (count: number) =>
	Array.from({ length: count }, (_, i) => ({ prompt: `prompt ${i}` }));
const item = (model: string, input: IDataObject): IDataObject => ({ model, input });
const costs = (items: INodeExecutionData[]) => items.map(({ json }) => json.cost);
const ledger = () => fal.bills().reduce((sum, { nanos }) => sum + nanos, 0);
const nanos = (money: unknown) => Math.round(Number(money) * 1e9);

describe('Estimate Cost', () => {
	const estimate = (items: IDataObject[]) => runEach(items, { operation: 'estimateCost' });

	it('gives one item for each model, and submits nothing', async () => {
		const { outputs, error } = await estimate([
			item(DEV, { prompt: 'a' }),
			item(DEV, { prompt: 'b', num_images: 3 }),
			item(KLING, { prompt: 'c', duration: '10' }),
			item(SCHNELL, { prompt: 'd' }),
		]);
		expect(error).toBeUndefined();
		expect(outputs[0]!.map(({ json }) => json)).toMatchObject([
			{
				model: DEV,
				jobs: 2,
				estimate: 0.1,
				currency: 'USD',
				unit: 'image',
				unit_price: 0.025,
				units: 4,
				from: 'units',
				historical_estimate: 0.05,
			},
			{ model: KLING, jobs: 1, estimate: 2.8, unit: 'second', units: 10, from: 'units' },
			{ model: SCHNELL, jobs: 1, estimate: 0.003 },
		]);
		for (const { json } of outputs[0]!) {
			expect(json).toMatchObject({
				total_estimate: 2.903,
				total_currency: 'USD',
				total_is_complete: true,
			});
		}
		expect(outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 2 },
			{ item: 3 },
		]);
		expect(fal.counts()).toMatchObject({ calls: { submit: 0 }, jobs: { accepted: 0 } });
	});

	it('takes fal’s average where the input does not tell how long the film is', async () => {
		const { outputs } = await estimate([item(KLING, { prompt: 'a' })]);
		expect(outputs[0]![0]!.json).toMatchObject({ estimate: 1.4, from: 'history' });
		expect(outputs[0]![0]!.json).not.toHaveProperty('units');
	});

	it('says so where fal gives no price, and that the total is not all', async () => {
		const { outputs } = await estimate([
			item(DEV, { prompt: 'a' }),
			item('acme/private/model', { prompt: 'b' }),
		]);
		expect(outputs[0]!.map(({ json }) => json)).toMatchObject([
			{ model: DEV, estimate: 0.025, total_estimate: 0.025, total_is_complete: false },
			{
				model: 'acme/private/model',
				jobs: 1,
				estimate: null,
				message: 'Fal gives no price for acme/private/model.',
				total_is_complete: false,
			},
		]);
	});

	it('puts items that can’t become a job on Failed', async () => {
		const { outputs } = await estimate([item(DEV, { prompt: 'a' }), item('no model', {})]);
		expect(outputs.map(({ length }) => length)).toEqual([1, 1]);
		expect(outputs[1]![0]!.json.error).toMatchObject({ type: 'invalid_model' });
	});

	it('throws when fal’s prices can’t be read', async () => {
		const { error } = await run(prompts(1), {
			parameters: { operation: 'estimateCost' },
			credential: { ...localFal(), apiKey: 'wrong:key' },
		});
		expect(error?.message).toContain('fal’s prices could not be read');
		expect(error?.message).not.toContain('wrong:key');
	});
});

describe('Spend Limit', () => {
	it('submits what fits, in the order of the items, and says why the rest is not', async () => {
		const { completed, failed, hints } = await run(prompts(20), {
			parameters: { options: { spendLimit: 0.03 } },
		});
		expect(completed).toHaveLength(10);
		expect(failed.map(({ pairedItem }) => Object(pairedItem).item)).toEqual([
			10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
		]);
		for (const { json } of failed) {
			expect(json.error).toMatchObject({ type: 'spend_limit', outcome: 'not_submitted' });
		}
		expect(ledger()).toBe(nanos(0.03));
		expect(hints[0]).toContain('The Spend Limit of 0.03 has no room for the next job');
	});

	it('throws when not even the first item fits: nothing is at fal', async () => {
		const { error } = await run(prompts(3), { parameters: { options: { spendLimit: 0.002 } } });
		expect(error?.message).toContain('None of 3 items was submitted: The Spend Limit of 0.002');
		expect(fal.counts().jobs.accepted).toBe(0);
	});

	it('holds for Submit, too', async () => {
		const { outputs } = await run(prompts(20), {
			parameters: { operation: 'submit', options: { spendLimit: 0.015 } },
		});
		expect(outputs.map(({ length }) => length)).toEqual([5, 15]);
		expect(fal.counts().jobs.accepted).toBe(5);
	});

	it('throws before anything is submitted when a model has no price', async () => {
		const { error } = await runEach(
			[item(DEV, { prompt: 'a' }), item('acme/private/model', { prompt: 'b' })],
			{ options: { spendLimit: 5 } },
		);
		expect(error?.message).toBe(
			'The Spend Limit can’t be kept: fal gives no price for acme/private/model',
		);
		expect(fal.counts().jobs.accepted).toBe(0);
	});

	it('throws before anything is submitted when the prices can’t be read', async () => {
		fal.schedule({ call: 'pricing', answer: { status: 403, body: { detail: 'Not allowed' } } });
		const { error } = await run(prompts(2), { parameters: { options: { spendLimit: 5 } } });
		expect(error?.message).toContain('fal’s prices could not be read (Not allowed');
		expect(fal.counts().jobs.accepted).toBe(0);
	});

	it('refuses a limit that is none', async () => {
		const { error } = await run(prompts(1), {
			parameters: { options: { spendLimit: '={{ "a lot" }}' } },
		});
		expect(error?.message).toContain('Spend Limit must be a number from 0 up');
		expect(fal.counts().jobs.accepted).toBe(0);
	});

	it('is exceeded by no more than what is in flight costs above what was set aside', async () => {
		fal.options.billedUnits = () => 3;
		const { completed } = await run(prompts(40), {
			parameters: { concurrency: 4, options: { spendLimit: 0.06 } },
		});
		// Four at 0.003 were thought to fit, and cost 0.009 each: 4 × 0.006 more at the most.
		expect(ledger()).toBeLessThanOrEqual(nanos(0.06 + 4 * 0.006));
		expect(ledger()).toBe(completed.length * nanos(0.009));
	});
});

describe('the cost of an item', () => {
	it('is its units at fal’s price', async () => {
		const { completed, hints } = await runEach([
			item(DEV, { prompt: 'a', num_images: 2 }),
			item(KLING, { prompt: 'b' }),
		]);
		expect(costs(completed)).toEqual([
			{ amount: 0.05, currency: 'USD', known_by: 'billable_units' },
			{ amount: 1.4, currency: 'USD', known_by: 'billable_units' },
		]);
		expect(hints[0]).toContain('Cost: 1.45 USD.');
	});

	it('tells of a refused input that it may have been billed, and of a server error that it is not', async () => {
		fal.schedule({
			job: 'runner_disconnected',
			where: ({ input }) => Object(input).prompt === 'b',
		});
		const { failed, hints } = await run([{ prompt: 'forbidden' }, { prompt: 'b' }], {
			parameters: { retryBudget: 0 },
		});
		expect(costs(failed)).toEqual([
			{ amount: 0.003, currency: 'USD', known_by: 'estimate', may_have_been_billed: true },
			{ amount: 0, currency: 'USD', known_by: 'no_charge' },
		]);
		expect(hints[0]).toContain(
			'Cost: 0.00 USD. 1 attempt that failed, or whose fate is unknown, may have been billed, about 0.003 USD.',
		);
	});

	it('is an estimate for what is handed out', async () => {
		const { outputs } = await run(prompts(1), { parameters: { operation: 'submit' } });
		expect(costs(outputs[0]!)).toEqual([{ amount: 0.003, currency: 'USD', known_by: 'estimate' }]);
	});

	it('is left out where fal gives no prices, and costs no item', async () => {
		fal.schedule({ call: 'pricing', answer: { status: 403, body: { detail: 'Not allowed' } } });
		const { completed, hints } = await run(prompts(3));
		expect(costs(completed)).toEqual([undefined, undefined, undefined]);
		expect(hints[0]).not.toContain('Cost');
	});

	it('does not wait for prices that do not come', async () => {
		fal.schedule({ call: 'pricing', answer: 'hang' });
		const stopHurrying = runClockFaster(10);
		const startedAt = Date.now();
		const { completed } = await run(prompts(1)).finally(stopHurrying);
		expect(completed).toHaveLength(1);
		// Five seconds, of which each lasts a tenth of one; the request itself would be given up after 15 real ones.
		expect(Date.now() - startedAt).toBeLessThan(12_000);
	}, 120_000);
});

const MANY = howMany('MONEY_ITEMS', { quick: 150, long: 1_000 });

/** Every tenth is a film; pictures come one to four at a time. */
function manyItems(): IDataObject[] {
	return Array.from({ length: MANY }, (_, i) => {
		const prompt = i % 100 === 33 ? `forbidden ${i}` : `prompt ${i}`;
		if (i % 10 === 9) return item(KLING, { prompt, duration: i % 20 === 9 ? '5' : '10' });
		return item(i % 2 ? DEV : SCHNELL, { prompt, num_images: 1 + (i % 4) });
	});
}

it('many items with retries, failures, unknowns and reuse agree with fal’s ledger to the cent', async () => {
	fal.options.jobTime = 0.2;
	const items = manyItems();
	const estimate = await runEach(items, { operation: 'estimateCost' });
	const estimated = nanos(estimate.outputs[0]![0]!.json.total_estimate);

	await runEach(items.slice(0, MANY / 5), {
		concurrency: 40,
		options: { takeOverAfterCrash: false },
	});
	const billedBefore = ledger();
	const known = new Set(fal.bills().map(({ requestId }) => requestId));

	const stop = [
		fal.schedule({ call: 'submit', every: 60, answer: 'reset_after' }),
		fal.schedule({ call: 'submit', every: 95, answer: 'reset_before' }),
		fal.schedule({ job: 'runner_disconnected', every: 40 }),
		fal.schedule({ job: 'internal_server_error', every: 70, needsRetry: true }),
	];
	// Before it reuses, it waits for what may still be open from the run before.
	const stopHurrying = runClockFaster(30);
	const { completed, failed, hints } = await runEach(items, {
		concurrency: 40,
		options: { reuseRecentRequests: 1 },
	}).finally(stopHurrying);
	for (const end of stop) end();
	// What was lost goes on at fal, and is billed.
	await until(() => !isAnyOpen());
	fal.options.jobTime = 1;

	const all = [...completed, ...failed].map(({ json }) => json);
	const cost = (json: IDataObject) => Object(json.cost) as IDataObject;
	const sum = (of: IDataObject[]) =>
		of.reduce((total, json) => total + nanos(cost(json).amount), 0);
	const by = (known: string) => all.filter((json) => cost(json).known_by === known);
	const billed = by('billable_units');
	const reused = by('paid_before');
	const bills = new Map(fal.bills().map((bill) => [bill.requestId, bill]));
	for (const json of billed) {
		expect(nanos(cost(json).amount)).toBe(bills.get(String(json.request_id))!.nanos);
	}
	const unknown = all.filter(({ error }) => Object(error).outcome === 'unknown');
	const own = [...bills.values()].filter(({ requestId }) => !known.has(requestId));
	const told = new Set(all.map(({ request_id: id }) => String(id)));
	const ofUnknown = own.filter(({ requestId }) => !told.has(requestId));
	const total = (of: Array<{ nanos: number }>) => of.reduce((sum, bill) => sum + bill.nanos, 0);

	const refused = failed.filter(({ json }) => Object(json.error).status_code === 422);
	const usd = (amount: number) => `${(amount / 1e9).toFixed(2)} USD`;
	process.stdout.write(
		[
			`${MANY} items: estimate ${usd(estimated)}, fal's ledger for this run ${usd(total(own))} (before it: ${usd(billedBefore)})`,
			`by the items: billed ${usd(sum(billed))} (${billed.length} jobs), paid before ${reused.length} jobs, unknown ${unknown.length} (about ${usd(sum(unknown))}), refused ${refused.length}`,
			`fal billed for the unknown: ${usd(total(ofUnknown))} (${ofUnknown.length} of ${unknown.length} had arrived)`,
			hints[0],
			'',
		].join('\n'),
	);

	expect(all).toHaveLength(MANY);
	expect(reused.length).toBeGreaterThan(MANY / 10);
	expect(unknown.length).toBeGreaterThan(0);
	expect(refused.length).toBeGreaterThan(0);
	expect(all.filter(({ earlier_request_ids: ids }) => ids).length).toBeGreaterThan(0);
	// What the items say, and what only fal can know, are all that was billed.
	expect(sum(billed) + total(ofUnknown)).toBe(total(own));
	// Beforehand: what was not billed after all is the whole difference.
	const notBilled = estimated - total(own);
	const billedByPrompt = new Set(ofUnknown.map(({ requestId }) => promptOf(requestId)));
	const isBilled = (prompt: unknown) => billedByPrompt.has(prompt);
	const explained = items.reduce((amount, { model, input }, index) => {
		const its = [...completed, ...failed].find(
			({ pairedItem }) => Object(pairedItem).item === index,
		)!.json;
		const wasBilled =
			cost(its).known_by === 'billable_units' ||
			(Object(its.error).outcome === 'unknown' && isBilled(Object(input).prompt));
		return wasBilled ? amount : amount + listPrice(String(model), Object(input));
	}, 0);
	expect(notBilled).toBe(explained);
}, 300_000);

function isAnyOpen(): boolean {
	return [...fal.jobs.values()].some(({ progress }) => progress.status !== 'COMPLETED');
}

function promptOf(requestId: string): unknown {
	return Object(fal.jobs.get(requestId)!.input).prompt;
}

function listPrice(model: string, input: IDataObject): number {
	if (model === KLING) return nanos(0.28 * Number(input.duration));
	return nanos((model === DEV ? 0.025 : 0.003) * Number(input.num_images));
}
