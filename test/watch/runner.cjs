/** Loads Jest, waits to be told what to run, runs it, says what came of it, and ends. */
const { runCLI } = require('jest');

const [, , warmUp] = process.argv;
/** Whatever Jest loads at its first run, it has loaded before anything is saved. */
const warm = runTests([warmUp]);

process.once('message', async (stages) => {
	await warm;
	for (const { title, files } of stages) if (files.length > 0) await run(title, files);
	process.exit();
});
process.once('disconnect', () => process.exit());

async function run(title, files) {
	const startedAt = Date.now();
	const results = await runTests(files);
	const { numPassedTests: passed, numFailedTests: failed, testResults } = results;
	for (const { failureMessage } of testResults) if (failureMessage) console.log(failureMessage);
	const verdict = results.success ? 'passed' : 'FAILED';
	const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
	console.log(`${verdict}: ${title}: ${passed} passed, ${failed} failed, ${seconds} s`);
}

async function runTests(files) {
	const options = {
		config: 'test/jest.config.js',
		runTestsByPath: true,
		runInBand: true,
		reporters: [],
		_: files,
		$0: 'jest',
	};
	const { results } = await runCLI(options, [process.cwd()]);
	return results;
}
