/** The two workflows about money and quality, as a user imports and runs them. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { IDataObject } from 'n8n-workflow';
import { endForm, executionOf, type FormPage, nextPage, openForm } from '../form';
import type { Execution } from '../n8n-api';
import { itemsOf, readWorkflow, runsOf, saveForLocalFal } from '../queue-status';
import type { Stage } from '../stage';

const START = 'When Clicking Execute';
const RUN_WITHIN_MS = 180_000;

export function lowThenHighScenario({ fal, n8n }: Stage) {
	const workflow = readWorkflow('low-then-high');
	const trigger = workflow.nodes.find(({ name }) => name === 'The Prompts');
	let first: FormPage;
	const jobsAt = (model: string) =>
		[...fal.jobs.values()].filter((job) => job.model.id === model).length;

	/** Fills in the first page: the prompts that stand in it already. */
	const approval = async () =>
		await nextPage(
			first,
			{ Prompts: textOf(first, 'Prompts') },
			'Generate 10 pictures for about 0.03 USD?',
			RUN_WITHIN_MS,
		);

	before(
		async () => {
			await saveForLocalFal(n8n.api, workflow, fal);
			await n8n.api.activateWorkflow(workflow.id);
			first = await openForm(`${n8n.baseUrl}/form/${trigger?.webhookId}`);
		},
		{ timeout: 2 * RUN_WITHIN_MS },
	);

	describe('approved', () => {
		let pages: FormPage[];
		let submittedBefore: number;
		let execution: Execution;

		before(
			async () => {
				fal.reset();
				Object.assign(fal.options, { accountConcurrency: 10, jobTime: 0.2, webhooks: {} });
				const asked = await approval();
				submittedBefore = fal.counts().calls.submit;
				const sheet = await nextPage(
					asked,
					{ 'Go ahead?': ['Yes'] },
					'Pick the winners',
					RUN_WITHIN_MS,
				);
				const winners = optionsIn(sheet).filter((option) => /^(2|5)\. /.test(option));
				const done = await nextPage(
					sheet,
					{ Winners: winners },
					'Both passes cost 0.08 USD',
					RUN_WITHIN_MS,
				);
				pages = [asked, sheet, done];
				await endForm(done);
				execution = await n8n.api.executionEnd(executionOf(done), RUN_WITHIN_MS);
			},
			{ timeout: 4 * RUN_WITHIN_MS },
		);

		test('nothing is submitted before that', () => {
			assert.equal(submittedBefore, 0);
		});

		test('all are generated at low quality, and the winners at high', () => {
			assert.equal(execution.status, 'success');
			assert.equal(jobsAt('fal-ai/flux/schnell'), 10);
			assert.equal(jobsAt('fal-ai/flux/dev'), 2);
			assert.deepEqual(
				itemsOf(execution, 'Keep the Picture').map(({ json }) => json.prompt),
				['A fox reading a newspaper on a park bench', 'A paper boat crossing a puddle after rain'],
			);
		});

		test('the winners are picked from a contact sheet, with a number and a box for each', () => {
			const { html } = pages[1]!;
			const shown = [...html.matchAll(/<img [^>]*src="([^"]+)"/g)].map(([, url]) => url);
			const made = itemsOf(execution, 'All at Low').map(({ json }) => pictureOf(json));
			assert.deepEqual(shown, made);
			assert.equal(optionsIn(pages[1]!).length, 10);
			assert.ok(html.includes('2. A fox reading a newspaper on a park bench</td>'));
		});

		test('it tells what both passes cost, beside the price of all at high quality', () => {
			const [told] = itemsOf(execution, 'What Both Cost');
			const { low, high, both, all_at_high, currency } = told!.json;
			assert.deepEqual(
				{ low, high, both, all_at_high, currency },
				{ low: 0.03, high: 0.05, both: 0.08, all_at_high: 0.25, currency: 'USD' },
			);
			const billed = fal.bills().reduce((sum, { nanos }) => sum + nanos, 0) / 1e9;
			assert.equal(Math.round(billed * 1e9) / 1e9, both);
			assert.match(
				pages[2]!.html,
				/0\.03 at low quality, and 0\.05 for the winners\. All of them at high quality would have cost about 0\.25 USD\./,
			);
		});

		test('the report is a file of its own', () => {
			const [summary] = itemsOf(execution, 'Winners at High', 2);
			assert.equal(summary?.binary?.report?.mimeType, 'text/html');
		});
	});

	describe('not approved', () => {
		let execution: Execution;

		before(
			async () => {
				fal.reset();
				const asked = await approval();
				const refused = await nextPage(
					asked,
					{ 'Go ahead?': ['No'] },
					'Nothing was submitted',
					RUN_WITHIN_MS,
				);
				await endForm(refused);
				execution = await n8n.api.executionEnd(executionOf(refused), RUN_WITHIN_MS);
			},
			{ timeout: 3 * RUN_WITHIN_MS },
		);

		test('nothing is submitted at all', () => {
			assert.equal(execution.status, 'success');
			assert.equal(fal.counts().calls.submit, 0);
		});
	});
}

function textOf({ html }: FormPage, label: string): string {
	const [, behind = ''] = html.split(`>${label}</label>`);
	return /<textarea[^>]*>([^<]*)</.exec(behind)?.[1] ?? '';
}

function optionsIn({ html }: FormPage): string[] {
	return [...html.matchAll(/class='multiselect-checkbox' id='[^']*' value='([^']*)'/g)].map(
		([, option]) => option ?? '',
	);
}

function pictureOf({ output }: IDataObject): string | undefined {
	return (output as { images: Array<{ url: string }> }).images[0]?.url;
}

export function qualityGatesScenario({ fal, n8n }: Stage) {
	const workflow = readWorkflow('quality-gates');
	let execution: Execution;

	before(
		async () => {
			fal.reset();
			Object.assign(fal.options, { accountConcurrency: 10, jobTime: 0.1, webhooks: {} });
			await saveForLocalFal(n8n.api, workflow, fal);
			const id = await n8n.api.runWorkflow(workflow.id, START);
			execution = await n8n.api.executionEnd(id, RUN_WITHIN_MS);
		},
		{ timeout: RUN_WITHIN_MS + 10_000 },
	);

	const ends = () => [...itemsOf(execution, 'Accepted'), ...itemsOf(execution, 'Given Up')];

	test('each prompt comes out once', () => {
		assert.equal(execution.status, 'success');
		const prompts = ends().map(({ json }) => json.prompt);
		assert.deepEqual([prompts.length, new Set(prompts).size], [10, 10]);
	});

	test('what fails a gate goes back for another attempt, four at the most for all gates', () => {
		assert.ok(runsOf(execution, 'Generate') > 1, 'nothing went back');
		const perPrompt = new Map<string, number>();
		for (const { input } of fal.jobs.values()) {
			const prompt = String(Object(input).prompt);
			perPrompt.set(prompt, (perPrompt.get(prompt) ?? 0) + 1);
		}
		for (const [prompt, attempts] of perPrompt) {
			assert.ok(attempts <= 5, `${attempts} attempts for "${prompt}"`);
		}
	});

	describe('the request IDs of all attempts come along', () => {
		test('each belongs to its prompt, and none is missing', () => {
			const told = ends().flatMap(({ json }) =>
				(json.request_ids as string[]).map((id) => [id, json.prompt]),
			);
			const made = [...fal.jobs].map(([id, { input }]) => [id, Object(input).prompt]);
			assert.deepEqual(told.sort(), made.sort());
		});
	});
}
