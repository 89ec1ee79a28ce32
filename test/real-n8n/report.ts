/**
 * `npx tsx test/real-n8n/report.ts`: opens a report of a thousand items in Chromium, says how long that took,
 * searches and filters it, and takes the pictures of the README. Exits with an error if anything but pictures
 * was asked for, a prompt has broken out of its place, or a filter shows others than it should.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { summarize } from '../../nodes/engine/summing/summary';
import { sentence } from '../../nodes/n8n/summaryItem';
import { report } from '../../nodes/report/report';
import { draw } from '../local-fal/pictures';
import { openBrowser } from './browser';
import { docsFolder } from './folders';
import { resultOf } from '../report/thousandItems';

const ITEMS = Number(process.env.ITEMS ?? 1_000);
const PROMPTS = [
	'A lighthouse at dawn, fog over a calm sea',
	'A fox reading a newspaper on a park bench',
	'An espresso machine made of brass and glass',
	'Terraced rice fields seen from a drone',
	'A paper boat crossing a puddle after rain',
	'An old bookshop at night, one lamp still on',
	'<script>document.title = "broken out"</script>',
	'"><img src=x onerror="document.title = \'broken out\'">',
];
const MODELS = ['fal-ai/flux/dev', 'fal-ai/flux/dev', 'fal-ai/flux/schnell'];
const modelOf = (index: number) => MODELS[index % MODELS.length]!;
const promptOf = (index: number) => PROMPTS[index % PROMPTS.length]!;

const AFTER_A_FRAME =
	'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

const drawn = new Map<number, Promise<Buffer>>();
const pictures = createServer((request, response) => {
	const seed = Number(/\d+/.exec(request.url ?? '')?.[0]) % 24;
	const picture = { prompt: promptOf(seed), width: 512, height: 384, format: 'jpeg', frames: 1 };
	const bytes = drawn.get(seed) ?? draw({ ...picture, seed: BigInt(seed), format: 'jpeg' });
	drawn.set(seed, bytes);
	void bytes.then((jpeg) => response.setHeader('content-type', 'image/jpeg').end(jpeg));
});
await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve));
const { port } = pictures.address() as AddressInfo;
const folder = await mkdtemp(join(tmpdir(), 'fal-report-'));
const browser = await openBrowser();
try {
	const batch = resultOf(ITEMS, (index) => `http://127.0.0.1:${port}/${index}.jpg`, promptOf);
	const ended = batch.ended.map((job, index) => ({
		...job,
		submission: { ...job.submission, model: modelOf(index) },
	}));
	const result = { ...batch, ended };
	const summary = summarize(result);
	const html = report(result, summary, sentence(summary, result));
	const file = join(folder, 'report.html');
	await writeFile(file, html);

	const context = await browser.newContext({
		viewport: { width: 1_120, height: 800 },
		colorScheme: 'light',
	});
	const page = await context.newPage();
	const asked: string[] = [];
	page.on('request', (request) => asked.push(`${request.resourceType()} ${request.url()}`));
	const startedAt = performance.now();
	await page.goto(pathToFileURL(file).href, { waitUntil: 'domcontentloaded' });
	await page.evaluate(AFTER_A_FRAME);
	const painted = performance.now() - startedAt;
	await page.waitForLoadState('load');
	const loaded = performance.now() - startedAt;
	console.log(
		`report of ${ITEMS} items: ${Math.round(Buffer.byteLength(html) / 1_000)} kB; in Chromium painted after ${Math.round(painted)} ms, loaded after ${Math.round(loaded)} ms`,
	);

	const strangers = asked
		.slice(1)
		.filter((request) => !request.startsWith(`image http://127.0.0.1:${port}/`));
	if (strangers.length > 0) throw new Error(`It asked for ${strangers.join(', ')}`);
	const title = await page.title();
	if (title.includes('broken out')) throw new Error('A prompt has broken out');
	const cards = await page.locator('article').count();
	if (cards !== ITEMS) throw new Error(`It has ${cards} cards`);

	// From the failures down: the tables above them speak for themselves.
	await page.evaluate("document.querySelector('h2').scrollIntoView()");
	await save(await page.screenshot({ animations: 'disabled' }), 'report-timeline.png');
	await page.evaluate("document.querySelector('#search').scrollIntoView()");
	await page.waitForTimeout(1_500);
	await save(await page.screenshot({ animations: 'disabled' }), 'report-contact-sheet.png');

	const seen = (index: number) => promptOf(index).includes('espresso');
	const dev = (index: number) => modelOf(index) === 'fal-ai/flux/dev';
	const completed = (index: number) => ended[index]!.ending.outcome === 'completed';
	await shows(
		'as it opens',
		async () => {},
		() => true,
	);
	await shows('searched', () => page.fill('#words', 'BRASS espresso'), seen);
	await shows(
		'and of one model',
		() =>
			page.click(
				'label:text-is("fal-ai/flux/dev (' + String(ended.filter((_, i) => dev(i)).length) + ')")',
			),
		(index) => seen(index) && dev(index),
	);
	await shows(
		'and completed',
		() => page.click('label[for="show-completed"]'),
		(index) => seen(index) && dev(index) && completed(index),
	);
	await shows(
		'not searched any more',
		() => page.fill('#words', ''),
		(index) => dev(index) && completed(index),
	);
	const pdf = await page.pdf();
	console.log(`printed: ${Math.round(pdf.byteLength / 1_000)} kB of PDF`);

	// Should a prompt ever get out of its place, the policy lets its script not run, and the search's does.
	const broken = join(folder, 'broken.html');
	await writeFile(
		broken,
		html.replace('<h1>', '<script>document.title = "broken out"</script><h1>'),
	);
	await page.goto(pathToFileURL(broken).href);
	if ((await page.title()).includes('broken out')) throw new Error('The policy lets scripts run');
	if (!(await page.isVisible('#search'))) throw new Error('There is no search');

	/** @param fits says by its number whether an item is to be seen */
	async function shows(
		what: string,
		act: () => Promise<void>,
		fits: (index: number) => boolean,
	): Promise<void> {
		const actedAt = performance.now();
		await act();
		await page.evaluate(AFTER_A_FRAME);
		const took = Math.round(performance.now() - actedAt);
		const visible = await page.locator('article:visible').count();
		console.log(`${what}: ${visible} items, in ${took} ms`);
		const wanted = ended.filter((_, index) => fits(index)).length;
		if (visible !== wanted) throw new Error(`${what}: ${visible} are shown, and not ${wanted}`);
	}
} finally {
	await browser.close();
	pictures.close();
	await rm(folder, { recursive: true, force: true });
}

async function save(picture: Buffer, name: string): Promise<void> {
	await sharp(picture)
		.png({ palette: true, colours: 128, effort: 10 })
		.toFile(join(docsFolder, name));
}
