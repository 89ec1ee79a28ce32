/**
 * Each input beside the schema of its model, before anything is submitted: fal takes every input, and says what
 * is wrong with it when the job has had its turn. It never stops a run: where there is no schema, nothing is checked.
 */
import { endSentence } from '../engine/failure';
import { withAddresses } from '../engine/media/inputFiles';
import type { SendHttp } from '../fal/http';
import { checkInput } from '../fal/inputSchema/check';
import { complaintAbout } from '../fal/inputSchema/complaint';
import { convertInput, unknownFields } from '../fal/inputSchema/convert';
import type { InputSchema } from '../fal/inputSchema/rule';
import { fetchInputSchema } from '../fal/modelSchema';
import { messageOf } from '../n8n/parameterChecks';
import { Slices } from '../n8n/slices';
import { savedSchema } from './form';
import { type Plan, type PlannedJob, rejection, type RejectedItem } from './parameters';

export interface CheckedInputs {
	/** The plan with those jobs only whose inputs fit, as the model takes them. */
	readonly plan: Plan;
	/** What is worth knowing, and no reason not to submit. */
	readonly notes: readonly string[];
	/** Requests by kind. */
	readonly sent: Readonly<Record<string, number>>;
}

/** Never throws. */
export async function checkInputs(plan: Plan, send: SendHttp): Promise<CheckedInputs> {
	const models = [...new Set(plan.jobs.map(({ submission }) => submission.model))];
	const schemas = new Schemas(plan, send);
	await schemas.get(models);
	const jobs: PlannedJob[] = [];
	const rejected: RejectedItem[] = [...plan.rejected];
	const unknown = new Map<string, number>();
	const slices = new Slices();
	for (const job of plan.jobs) {
		if (slices.isOver) await slices.pause();
		const { model, input } = job.submission;
		const schema = schemas.of(model);
		const checked = schema ? checkOne(plan, schema, job) : job;
		if ('failure' in checked) rejected.push(checked);
		else jobs.push(checked);
		if (!schema || !plan.checksInputs) continue;
		for (const field of unknownFields(schema, input)) {
			const what = `"${field}" (${model})`;
			unknown.set(what, (unknown.get(what) ?? 0) + 1);
		}
	}
	return {
		plan: { ...plan, jobs, rejected },
		notes: [...notesOnUnknown(unknown), ...schemas.notes],
		sent: { schema: schemas.sent },
	};
}

function checkOne(plan: Plan, schema: InputSchema, job: PlannedJob): PlannedJob | RejectedItem {
	const { itemIndex, submission } = job;
	const { model, input: given } = submission;
	const isForm = plan.form !== undefined;
	const reject = (why: string) => ({
		...rejection(itemIndex, 'invalid_input', `The Input does not fit ${model}: ${why}`),
		model,
	});
	try {
		// What a person wrote as JSON is sent as it is.
		const input = isForm ? convertInput(schema, given) : given;
		const mistakes = plan.checksInputs
			? checkInput(
					schema,
					withAddresses(input, () => ANY_ADDRESS),
					{ takesNumbersAsText: !isForm },
				)
			: [];
		if (mistakes.length > 0) return reject(complaintAbout(mistakes));
		return { itemIndex, submission: { ...submission, input } };
	} catch (error) {
		return reject(messageOf(error));
	}
}

/** As which a file is checked that is still to be uploaded. */
const ANY_ADDRESS = 'https://v3.fal.media/files/upload';

/** Requests at once. */
const AT_ONCE = 5;
/** Who has more models in one run waits for the check longer than it is worth. */
const MOST_MODELS = 50;

/** The schemas of a run: from the node where they are kept, else from fal, each asked for once. */
class Schemas {
	readonly #known = new Map<string, InputSchema>();
	readonly notes: string[] = [];
	sent = 0;

	constructor(
		private readonly plan: Plan,
		private readonly send: SendHttp,
	) {}

	of(model: string): InputSchema | undefined {
		return this.#known.get(model);
	}

	async get(models: readonly string[]): Promise<void> {
		const { form, checksInputs } = this.plan;
		const missing = models.filter((model) => {
			const kept = form && savedSchema(form, model);
			if (kept) this.#known.set(model, kept);
			return !kept;
		});
		if (checksInputs) await this.#fetch(missing);
	}

	async #fetch(models: readonly string[]): Promise<void> {
		let reached = true;
		const asked = models.slice(0, MOST_MODELS);
		for (let next = 0; next < asked.length && reached; next += AT_ONCE) {
			const some = asked.slice(next, next + AT_ONCE);
			const replies = await Promise.all(some.map(async (model) => await this.#ask(model)));
			// Each further one would wait as long, for a fal that is away.
			reached = replies.every(Boolean);
		}
		const unasked = models.filter((model) => !this.#known.has(model)).length;
		if (unasked > 1)
			this.notes.splice(1, Infinity, `Not checked either: ${unasked - 1} other models.`);
	}

	/** @returns whether it is worth asking for others */
	async #ask(model: string): Promise<boolean> {
		this.sent++;
		const reply = await fetchInputSchema(this.send, model);
		if (reply.kind === 'schema') {
			this.#known.set(model, reply.schema);
			return true;
		}
		this.notes.push(
			`The inputs for ${model} were not checked first, because its schema could not be had: ${endSentence(reply.reason)}`,
		);
		return reply.isFinal;
	}
}

function notesOnUnknown(unknown: ReadonlyMap<string, number>): string[] {
	const all = [...unknown].map(
		([what, items]) => `${what} in ${items} ${items === 1 ? 'item' : 'items'}`,
	);
	if (all.length === 0) return [];
	const rest = all.length > 5 ? `, and ${all.length - 5} more` : '';
	return [
		`Fields that the model’s schema does not know, and that were sent all the same: ${all.slice(0, 5).join(', ')}${rest}.`,
	];
}
