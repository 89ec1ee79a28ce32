/**
 * What the command line asks for: scenarios by words in their names, and on which n8n. What an older n8n can't do is
 * skipped, by name and with the reason, and counted as such.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Command } from 'commander';
import { isSince, type WhichN8n, whichN8n } from './which-n8n';

export interface Wanted {
	/** In the names of the scenarios. Empty for all of them. */
	readonly words: string;
	readonly which: WhichN8n;
}

/** @param script as it is called: `npm run test:n8n` */
export function readWanted(script: string): Wanted {
	const command = new Command()
		.name(`${script} --`)
		.argument('[words...]', 'only scenarios with these words in their names')
		.option('--n8n <version>', 'another n8n than the pinned one, such as 1.123.81')
		.parse();
	return {
		words: command.args.join(' '),
		which: whichN8n(command.opts<{ n8n?: string }>().n8n),
	};
}

type Scenario<Stage> = (stage: Stage) => void;

/** A scenario that needs something which n8n has had only since a version. */
export interface Since<Stage> {
	/** `1.114` */
	readonly since: string;
	/** What n8n did not have before: ends the sentence "n8n has ... since 1.114". */
	readonly because: string;
	readonly scenario: Scenario<Stage>;
}

/** @param scenarios by name, in the order in which they run */
export function runWanted<Stage>(
	stage: Stage,
	scenarios: Readonly<Record<string, Scenario<Stage> | Since<Stage>>>,
	{ words, which }: Wanted,
) {
	const wanted = Object.entries(scenarios).filter(([name]) =>
		name.toLowerCase().includes(words.toLowerCase()),
	);
	for (const [name, given] of wanted) {
		if (typeof given === 'function') {
			describe(name, () => given(stage));
		} else if (isSince(which, given.since)) {
			describe(name, () => given.scenario(stage));
		} else {
			const skip = `n8n has ${given.because} since ${given.since}, and this is ${which.version}`;
			test(name, { skip }, () => {});
		}
	}
	// Without any test, nothing would close the stage.
	if (wanted.length === 0) {
		test(`a scenario with "${words}" in its name`, () => {
			assert.fail(`There are: ${Object.keys(scenarios).join('; ')}`);
		});
	}
}
