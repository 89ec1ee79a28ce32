/** One contender and a local fal of its own, each in a fresh process: real sockets, real time. */
import { fileURLToPath } from 'node:url';
import { FAL_BATCH, peerCalled } from '../contenders';
import { countOutcomes, type Figures } from '../figures';
import { drawTimes } from '../jobTimes';
import type { Scenario } from '../scenarios';
import { type Outcome, workOf } from '../work';
import type { ContenderQuestion } from './contenderProcess';
import type { FalAnswer, FalQuestion } from './falProcess';
import type { Measured } from './measure';
import { Helper } from './messages';

export class Lane {
	readonly #fal = new Helper<FalQuestion, FalAnswer>(moduleBeside('falProcess.ts'));
	readonly #process = new Helper<ContenderQuestion, Measured<Outcome[]>>(
		moduleBeside('contenderProcess.ts'),
		['--expose-gc'],
	);

	constructor(
		private readonly scenario: Scenario,
		private readonly contender: string,
	) {}

	/** n8n runs for days: what a process spends on its first requests is not what a job costs. */
	async warmUp(): Promise<void> {
		const { name, title } = this.scenario;
		const items = this.#mostItems === undefined ? WARM_UP.items : 1;
		await this.#ask({ name, title, ...WARM_UP, items });
	}

	async run(): Promise<Figures> {
		const { scenario } = this;
		const items = Math.min(scenario.items, this.#mostItems ?? Infinity);
		const figures = await this.#run({ ...scenario, items });
		return items === scenario.items ? figures : scaled(figures, scenario.items);
	}

	async close(): Promise<void> {
		await Promise.all([this.#process.end(), this.#fal.end()]);
	}

	/** Of a contender that would take too long over all of them. */
	get #mostItems(): number | undefined {
		return this.contender === FAL_BATCH ? undefined : peerCalled(this.contender).itemsOnSockets;
	}

	async #run(scenario: Scenario): Promise<Figures> {
		const { value, wallTime, cpu, machine } = await this.#ask(scenario);
		const { requests, pushbacks, generatedTwice } = await this.#fal.ask({ kind: 'count' });
		return {
			...countOutcomes(value, scenario),
			wallTime,
			requests,
			pushbacks,
			generatedTwice,
			machine: { ...machine, cpuPerJob: cpu / scenario.items },
		};
	}

	async #ask(scenario: Scenario): Promise<Measured<Outcome[]>> {
		const { baseUrl } = await this.#fal.ask({ kind: 'prepare', scenario });
		const work = workOf(scenario, drawTimes(scenario.times, scenario.items));
		return await this.#process.ask({ contender: this.contender, work, baseUrl });
	}
}

const WARM_UP: Omit<Scenario, 'name' | 'title'> = {
	items: 300,
	concurrency: 100,
	times: { kind: 'fixed', each: 0.1 },
	latency: 0,
	accountLimit: Infinity,
};

function scaled(figures: Figures, items: number): Figures {
	const factor = items / figures.items;
	const { submit, status, result, cancel } = figures.requests;
	return {
		...figures,
		items,
		completed: figures.completed * factor,
		wallTime: figures.wallTime * factor,
		requests: {
			submit: submit * factor,
			status: status * factor,
			result: result * factor,
			cancel: cancel * factor,
		},
		scaledFrom: figures.items,
	};
}

function moduleBeside(name: string): string {
	return fileURLToPath(new URL(name, import.meta.url));
}
