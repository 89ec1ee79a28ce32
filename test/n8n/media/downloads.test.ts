/** What n8n is told when it keeps files in its memory; all else is tried in n8n's engine (n8n-core/downloads). */
import { Readable } from 'node:stream';
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { Downloads } from '../../../nodes/n8n/media/downloads';

const MEGABYTE = Buffer.alloc(1_000_000);

/** Keeps nothing, and says that it has: in files where it gives an id. */
function node(megabytes: number, id: string | undefined, warnings: string[]): IExecuteFunctions {
	const fake = {
		getNode: () => ({ name: 'Fal Batch' }),
		logger: { info: () => {}, warn: (message: string) => warnings.push(message) },
		helpers: {
			httpRequest: async () => ({
				statusCode: 200,
				headers: {},
				body: Readable.from(Array.from({ length: megabytes }, () => MEGABYTE)),
			}),
			async prepareBinaryData(stream: Readable): Promise<IBinaryData> {
				for await (const chunk of stream) void chunk;
				return { data: '', mimeType: 'image/png', ...(id !== undefined && { id }) };
			},
		},
	};
	return fake as unknown as IExecuteFunctions;
}

async function download(megabytes: number, jobs: number, ended: number, id?: string) {
	const warnings: string[] = [];
	const settings = { download: 'all', onePerFile: false, maxBytes: 1e9 } as const;
	const fetching = { node: node(megabytes, id, warnings), baseUrl: '', stop: undefined };
	const downloads = new Downloads(settings, fetching, jobs);
	for (let job = 0; job < ended; job++) {
		downloads.begin(job, { image: { url: `https://v3.fal.media/files/${job}.png` } });
	}
	await downloads.end();
	return { warnings, message: downloads.summary?.message ?? '' };
}

describe('files in n8n’s memory', () => {
	it('are warned of once, before all of them are there', async () => {
		const { warnings, message } = await download(3, 100, 4);
		expect(warnings).toEqual([
			expect.stringMatching(/^Fal Batch: n8n keeps binary data in its memory/),
		]);
		expect(message).toContain('N8N_DEFAULT_BINARY_DATA_MODE');
	});

	it.each([
		['are few', 2, 50, undefined],
		['are kept elsewhere', 3, 100, 'filesystem-v2:1'],
	] as const)('are not warned of where they %s', async (_, megabytes, jobs, id) => {
		const { warnings, message } = await download(megabytes, jobs, 4, id);
		expect(warnings).toEqual([]);
		expect(message).toBe(`Files downloaded: 4 (${4 * megabytes} MB).`);
	});
});
