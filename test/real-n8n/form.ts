/** n8n's forms, filled in over HTTP as their pages do it in a browser. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_AGAIN_MS = 200;
/** A published form needs a few seconds until it answers. */
const LISTENS_WITHIN_MS = 30_000;

export interface FormPage {
	readonly url: string;
	readonly html: string;
}

/** The first page, at the address of the trigger. */
export async function openForm(url: string): Promise<FormPage> {
	for (const latest = Date.now() + LISTENS_WITHIN_MS; ; await sleep(LOOK_AGAIN_MS)) {
		const page = await get(url);
		if (page) return page;
		assert.ok(Date.now() < latest, `nobody answers at ${url}`);
	}
}

/**
 * Fills in a page, and waits for the next one.
 *
 * @param values by the label of the field; a list is what is ticked
 * @param heading of the next page
 */
export async function nextPage(
	{ url, html }: FormPage,
	values: Readonly<Record<string, string | readonly string[]>>,
	heading: string,
	withinMs: number,
): Promise<FormPage> {
	const body = new FormData();
	for (const [label, value] of Object.entries(values)) {
		body.set(fieldOf(html, label), typeof value === 'string' ? value : JSON.stringify(value));
	}
	const response = await fetch(url, { method: 'POST', body });
	const answer = await response.text();
	assert.equal(response.status, 200, answer);
	const { formWaitingUrl } = JSON.parse(answer) as { formWaitingUrl: string };
	for (const latest = Date.now() + withinMs; ; await sleep(LOOK_AGAIN_MS)) {
		const status = await statusOf(formWaitingUrl);
		// While the workflow runs, n8n leaves who asks for the page without an answer.
		const page = status === 'form-waiting' ? await get(formWaitingUrl) : undefined;
		if (page?.html.includes(`>${heading}</h1>`)) return page;
		assert.ok(!ENDED.includes(status), `it ended with ${status} before the page "${heading}"`);
		assert.ok(Date.now() < latest, `the page "${heading}" did not come; the status is ${status}`);
	}
}

const ENDED = ['success', 'error', 'crashed', 'canceled', 'null'];

/** What the last page does by itself: the workflow comes to its end. */
export async function endForm({ url }: FormPage): Promise<void> {
	const { status } = await fetch(url, { method: 'POST' });
	assert.equal(status, 200);
}

/** The execution behind a page that is not the first. */
export function executionOf({ url }: FormPage): string {
	return new URL(url).pathname.split('/').at(-1) ?? '';
}

async function get(url: string): Promise<FormPage | undefined> {
	const response = await fetch(url);
	const html = await response.text();
	return response.status === 200 ? { url, html } : undefined;
}

async function statusOf(url: string): Promise<string> {
	const asked = new URL(url);
	asked.pathname += '/n8n-execution-status';
	return (await (await fetch(asked)).text()).trim();
}

function fieldOf(html: string, label: string): string {
	const [, behind = ''] = html.split(`>${label}</label>`);
	const id = /\bid='(field-\d+)'/.exec(behind)?.[1];
	assert.ok(id, `there is no field "${label}" in ${html}`);
	return id;
}
