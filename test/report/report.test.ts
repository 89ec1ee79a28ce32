/** The report: what it says, that nothing from outside is more than text, and how large it gets. */
import { createHash } from 'node:crypto';
import { sentence } from '../../nodes/n8n/summaryItem';
import { summarize } from '../../nodes/engine/summing/summary';
import { escaped, webAddress } from '../../nodes/report/markup';
import { mediumOf } from '../../nodes/report/media';
import { report } from '../../nodes/report/report';
import { resultOf } from './thousandItems';

function reportOf(...result: Parameters<typeof resultOf>): string {
	const batch = resultOf(...result);
	const summary = summarize(batch);
	return report(batch, summary, sentence(summary, batch));
}

/** Milliseconds: what else the machine does meanwhile does not count. */
function cpuSince(before: NodeJS.CpuUsage): number {
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1_000;
}

it('shows each item once, with picture, prompt, request ID, outcome and cost', () => {
	const html = reportOf(30);
	expect(html.match(/<article/g)).toHaveLength(30);
	expect(html).toContain('<img src="https://v3.fal.media/files/0.jpg"');
	expect(html).toContain('A lighthouse at dawn, number 29');
	expect(html).toContain('764cabcf-b745-4b3e-ae38-12');
	expect(html).toContain('content_policy_violation');
	expect(html).toContain('0.025 USD');
	expect(html).toContain('class="pushback"');
	expect(html).toContain('class="unreached"');
});

it('of a thousand items is below 1 MB, and takes less than a second of CPU', () => {
	const before = process.cpuUsage();
	const html = reportOf(1_000);
	const took = cpuSince(before);
	process.stdout.write(
		`report of 1,000 items: ${(Buffer.byteLength(html) / 1_000).toFixed(0)} kB, made in ${took.toFixed(0)} ms of CPU\n`,
	);
	expect(Buffer.byteLength(html)).toBeLessThan(1_000_000);
	expect(took).toBeLessThan(1_000);
});

it('of ten thousand items shows the first 2,000, and says how many it does not', () => {
	const html = reportOf(10_000);
	expect(html.match(/<article/g)).toHaveLength(2_000);
	expect(html).toContain('8000 more are not shown');
});

describe('what tries to break out', () => {
	const ATTACKS = [
		'<script>alert(1)</script>',
		'"><img src=x onerror=alert(1)>',
		"' onmouseover='alert(1)",
		'</style><script>alert(1)</script>',
		'</article></body></html><h1>gone</h1>',
		'<!-- ',
		'&lt;script&gt;',
		'\u202Eexe.gpj',
		'javascript:alert(1)',
		'`${alert(1)}`',
	];

	it.each(ATTACKS)('as a prompt: %s', (attack) => {
		const html = reportOf(3, undefined, () => attack);
		expect(tags(html)).toEqual(tags(reportOf(3, undefined, () => 'harmless')));
	});

	it.each(ATTACKS)('as the address of a picture: %s', (attack) => {
		const html = reportOf(3, () => attack);
		expect(html).not.toContain('<img');
		expect(html).not.toContain(attack);
	});

	it.each(ATTACKS)('within the address of a picture: %s', (attack) => {
		const html = reportOf(3, () => `https://v3.fal.media/${attack}.jpg`);
		expect(tags(html)).toEqual(tags(reportOf(3, () => 'https://v3.fal.media/x.jpg')));
	});

	/** Names of the tags and of their attributes, in order. */
	function tags(html: string): string[] {
		const found = html.match(/<\/?[a-z!][^\s>]*(?:\s+[^\s=>]+(?:="[^"]*")?)*/gi) ?? [];
		return found.map((tag) => tag.replace(/="[^"]*"/g, ''));
	}
});

it('has one script, which never differs, and a policy that allows that one only', () => {
	const html = reportOf(3);
	const [script, ...others] = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(
		([, text]) => text!,
	);
	expect(others).toEqual([]);
	expect(html).not.toMatch(/<script[^>]|\son\w+=|javascript:/i);
	const hash = createHash('sha256').update(script!).digest('base64');
	expect(html).toContain(
		`content="default-src 'none'; img-src https: http:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; form-action 'none'"`,
	);
	expect(reportOf(40, undefined, () => 'another')).toContain(script);
});

it('has whole prompts in it, of up to a thousand letters, so that they are found', () => {
	const prompt = `${'A lighthouse '.repeat(70)} at dawn`;
	expect(reportOf(1, undefined, () => prompt)).toContain(prompt);
	expect(reportOf(1, undefined, () => 'x'.repeat(5_000))).toContain(`>${'x'.repeat(1_000)}…<`);
});

describe('filters', () => {
	const labels = (html: string) =>
		[...html.matchAll(/<label for="[^"]*">([^<]*)</g)].map(([, label]) => label);

	/** Item 7 is unknown, items 3 and 28 failed. */
	function reportWith(modelOf: (index: number) => string, items = 30): string {
		const batch = resultOf(items);
		const ended = batch.ended.map((job, index) => ({
			...job,
			submission: { ...job.submission, model: modelOf(index) },
		}));
		const result = { ...batch, ended };
		return report(result, summarize(result), 'Done.');
	}

	it('are by outcome, and by model where there are several, the most frequent first', () => {
		expect(labels(reportOf(30))).toEqual([
			'all (30)',
			'completed (27)',
			'failed (2)',
			'unknown (1)',
		]);
		const html = reportWith((index) => (index % 3 === 0 ? 'acme/a' : 'acme/b'));
		expect(labels(html).slice(4)).toEqual(['all models (30)', 'acme/b (20)', 'acme/a (10)']);
		expect(html).toContain('#model-model-1:checked~.sheet .card:not(.model-1){display:none}');
		expect(html.match(/<article class="card \w+ model-1">/g)).toHaveLength(10);
		expect(html.match(/<article class="card \w+ model-0">/g)).toHaveLength(20);
	});

	it('of many models are twenty, and one for the rest', () => {
		const html = reportWith((index) => `acme/model-${index % 25}`, 50);
		expect(labels(html).slice(4)).toHaveLength(22);
		expect(labels(html).at(-1)).toBe('other models (10)');
		expect(html.match(/<article class="card \w+ model-others">/g)).toHaveLength(10);
	});

	it('take the name of a model as text', () => {
		const html = reportWith((index) => (index === 0 ? '"><img src=x onerror=alert(1)>' : 'acme/b'));
		expect(html).not.toContain('<img src=x');
	});
});

it('of nothing has no filters, and no script', () => {
	const batch = { ...resultOf(0), elapsed: 5 };
	const html = report(batch, summarize(batch), 'Nothing was submitted.');
	expect(html).toContain('No job was at fal.');
	expect(html).not.toMatch(/<input|<script>/);
});

it('escapes what markup is made of', () => {
	expect(escaped(`<a href="x" id='y'>&\`\u202e\u0000</a>`)).toBe(
		'&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&#96;&lt;/a&gt;',
	);
});

it.each([
	['javascript:alert(1)'],
	['data:text/html,<script>'],
	['https://user:secret@v3.fal.media/x.jpg'],
	['file:///etc/passwd'],
	['/x.jpg'],
	[7],
	[`https://v3.fal.media/${'x'.repeat(2_000)}`],
])('%s is no address for a report', (value) => {
	expect(webAddress(value)).toBeUndefined();
});

describe('the picture of an output', () => {
	it.each([
		['first of a list', { images: [{ url: 'https://a/1.png' }, { url: 'https://a/2.png' }] }],
		['deep within', { result: { image: { url: 'https://a/1.png', content_type: 'image/png' } } }],
		['before a film', { video: { url: 'https://a/f.mp4' }, image: { url: 'https://a/1.png' } }],
	])('%s', (_, output) => {
		expect(mediumOf(output)).toEqual({ url: 'https://a/1.png', kind: 'picture' });
	});

	it('is a link where there is a film only', () => {
		expect(mediumOf({ video: { url: 'https://a/f.mp4', content_type: 'video/mp4' } })).toEqual({
			url: 'https://a/f.mp4',
			kind: 'other',
		});
	});

	it.each([null, 'text', 5, {}, { images: [] }, { url: 'data:image/png;base64,AAAA' }])(
		'is none for %j',
		(output) => {
			expect(mediumOf(output)).toBeUndefined();
		},
	);

	it('is found in bounded time', () => {
		const wide = (depth: number): unknown =>
			depth === 0 ? { x: 1 } : Array.from({ length: 8 }, () => wide(depth - 1));
		const before = process.cpuUsage();
		mediumOf(wide(6));
		expect(cpuSince(before)).toBeLessThan(1_000);
	});
});
