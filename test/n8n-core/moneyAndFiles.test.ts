/** What files in an input and in an output have to do with money: the built node, against the local fal's ledger. */
import type { IBinaryData, IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { bytesOf, keepBinariesInFiles, stored } from './binaryStore';
import { runClockFaster } from './quickClock';
import { runNode } from './runNode';

const ITEMS = 10;
/** Two pictures of FLUX.1 [schnell], in billionths. */
const JOB = 6_000_000;
/** Five jobs. */
const LIMIT = 0.03;

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 20 });
	await keepBinariesInFiles();
});
afterAll(async () => await fal.close());
beforeEach(() => fal.reset());

/** Two pictures for each item, which has a file of its own to upload. */
async function run(parameters: INodeParameters, files?: IBinaryData[]) {
	const given = files ?? (await Promise.all(Array.from({ length: ITEMS }, (_, i) => fileOf(i))));
	return await runNode({
		items: given.map((_, i): IDataObject => ({ prompt: `prompt ${i}` })),
		binary: given.map((data) => ({ data })),
		parameters: {
			input: '={{ { "prompt": $json.prompt, "num_images": 2 } }}',
			files: { file: [{ field: 'image_url', binaryProperty: 'data' }] },
			...parameters,
		},
		credential: { apiKey: 'local:key', baseUrl: fal.baseUrl },
	});
}

const fileOf = async (i: number) => await stored(Buffer.from(`file ${i}`), `${i}.png`, 'image/png');
const ledger = () => fal.bills().reduce((sum, { nanos }) => sum + nanos, 0);
const nanos = (money: unknown) => Math.round(Number(money) * 1e9);
const sumOf = (items: INodeExecutionData[]) =>
	items.reduce((sum, { json }) => sum + nanos(Object(json.cost).amount), 0);
const errorTypes = (items: INodeExecutionData[]) =>
	items.map(({ json }) => String(Object(json.error).type));

describe('a Spend Limit, with files in and out', () => {
	it('uploads nothing for what does not fit, and the items of the files add up to what fal billed', async () => {
		const { outputs, error } = await run({
			downloadFiles: 'all',
			oneItemPerFile: true,
			options: { spendLimit: LIMIT, summary: 'item' },
		});
		const [completed = [], failed = [], summary = []] = outputs;
		expect(error).toBeUndefined();
		expect(completed.map(({ pairedItem }) => Object(pairedItem).item)).toEqual([
			0, 0, 1, 1, 2, 2, 3, 3, 4, 4,
		]);
		expect(errorTypes(failed)).toEqual(Array(5).fill('spend_limit'));
		expect(fal.uploads).toHaveLength(5);
		for (const { binary } of completed) {
			expect((await bytesOf(binary!.data!)).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
		}
		for (const { json } of completed) {
			expect(json.cost).toEqual({
				amount: 0.003,
				currency: 'USD',
				known_by: 'billable_units',
				job_amount: 0.006,
			});
		}
		expect(ledger()).toBe(5 * JOB);
		expect(sumOf(completed)).toBe(ledger());
		expect(nanos(Object(summary[0]!.json.cost).billed)).toBe(ledger());
	});

	it('gives back what was set aside for a job whose file could not be uploaded', async () => {
		// All tries of the first one.
		fal.schedule({ call: 'upload', answer: { status: 503 }, times: 4 });
		const stopHurrying = runClockFaster(20);
		const { completed, failed } = await run({
			concurrency: 1,
			options: { spendLimit: LIMIT },
		}).finally(stopHurrying);
		expect(completed.map(({ pairedItem }) => Object(pairedItem).item)).toEqual([1, 2, 3, 4, 5]);
		expect(errorTypes(failed)).toEqual(['upload_failed', ...Array<string>(4).fill('spend_limit')]);
		expect(ledger()).toBe(5 * JOB);
		expect(failed[0]!.json).not.toHaveProperty('cost');
	});
});

it('the items of three files add up to a price that can’t be divided by three', async () => {
	fal.options.billedUnits = () => 1;
	const { completed } = await run({
		model: { __rl: true, mode: 'id', value: 'fal-ai/flux/dev' },
		input: '={{ { "prompt": $json.prompt, "num_images": 3 } }}',
		files: {},
		oneItemPerFile: true,
	}).finally(() => (fal.options.billedUnits = undefined));
	expect(completed).toHaveLength(3 * ITEMS);
	expect(completed.slice(0, 3).map(({ json }) => nanos(Object(json.cost).amount))).toEqual([
		8_333_334, 8_333_333, 8_333_333,
	]);
	expect(sumOf(completed)).toBe(ledger());
});

describe('Estimate Cost with files', () => {
	const gone: IBinaryData = {
		id: 'filesystem-v2:workflows/none/executions/none/binary_data/none',
		data: 'filesystem-v2',
		fileName: 'gone.png',
		mimeType: 'image/png',
	};

	it('uploads nothing, and does not even read them', async () => {
		const { outputs, error } = await run({ operation: 'estimateCost' }, [gone, gone]);
		expect(error).toBeUndefined();
		expect(outputs.map(({ length }) => length)).toEqual([1, 0]);
		expect(outputs[0]![0]!.json).toMatchObject({ jobs: 2, units: 4, estimate: 0.012 });
		const { calls, jobs } = fal.counts();
		expect(calls).toMatchObject({ upload_initiate: 0, upload: 0, submit: 0 });
		expect(jobs.accepted).toBe(0);
		// That it would have been noticed: Run does read them.
		const { failed } = await run({}, [gone]);
		expect(failed[0]!.json.error).toMatchObject({
			message: expect.stringContaining('The file "gone.png" can’t be read'),
		});
	});

	it('says which item has no file where there should be one', async () => {
		const { outputs } = await run({
			operation: 'estimateCost',
			files: { file: [{ field: 'image_url', binaryProperty: 'mask' }] },
		});
		expect(outputs.map(({ length }) => length)).toEqual([0, ITEMS]);
		expect(outputs[1]![0]!.json.error).toMatchObject({
			type: 'invalid_input',
			outcome: 'not_submitted',
		});
	});
});
