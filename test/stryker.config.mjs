/**
 * `npm run test:mutants`: changes the engine in a thousand small ways, one at a time, and runs the tests of
 * each changed line. A change that no test notices is a line that no test needs. A mutant takes a second or
 * two, and ten where it loops for ever, so the whole engine takes hours and is no part of `.ci/run`. One room:
 * `npm run test:mutants -- -m 'nodes/engine/submitting/**'`; one line: `-m nodes/engine/backoff.ts:34-34`. What most
 * tests reach is judged by its own tests alone: `TESTS='@(abort|backoff)' npm run test:mutants -- ...`.
 *
 * Only the tests on the virtual clock that take less than a second: no sockets, no random schedules, and not
 * the hundred jobs of itemTimeout.test.ts. They would run for each mutant that survives.
 */
const tests = process.env.TESTS ?? '**/*';

export default {
	testRunner: 'jest',
	coverageAnalysis: 'perTest',
	mutate: ['nodes/engine/**/*.ts'],
	// A text is either a kind, which the compiler checks, or words for a person, which the tests of messages and of
	// docs have: as mutants they are one in eight, and their survivors hide those that cost money.
	mutator: { excludedMutations: ['StringLiteral'] },
	jest: {
		configFile: 'test/jest.config.js',
		config: {
			// Jest lists these folders anew for each mutant: of the whole project that takes a second and a half.
			roots: ['<rootDir>/nodes/engine', '<rootDir>/test/engine'],
			testMatch: [`<rootDir>/test/engine/${tests}.test.ts`],
			testPathIgnorePatterns: ['properties', 'goals', 'itemTimeout'],
		},
	},
	concurrency: 2,
	// The virtual clock needs no seconds: what takes longer loops for ever.
	timeoutMS: 3_000,
	reporters: ['clear-text', 'progress-append-only', 'html'],
	htmlReporter: { fileName: 'coverage/mutants.html' },
	clearTextReporter: { allowColor: false, reportTests: false, skipFull: true },
	ignorePatterns: ['dist', 'docs', 'coverage'],
	tempDirName: '.stryker-tmp',
};
