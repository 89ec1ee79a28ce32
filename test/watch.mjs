/**
 * `npm run test:watch`: on each save in `nodes/engine` or `test/engine`, the tests of that file at once,
 * and then all other quick tests of the engine.
 */
import { fork } from 'node:child_process';
import { existsSync, readdirSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = 'nodes/engine';
const TESTS = 'test/engine';

/** An editor writes a file in several steps. */
const SETTLED = 30;

let standby = startRunner();
let running;
let saved;

for (const folder of [SOURCES, TESTS]) {
	watch(path.join(project, folder), { recursive: true }, (_event, file) => {
		if (!file?.endsWith('.ts')) return;
		clearTimeout(saved);
		saved = setTimeout(() => run(path.join(folder, file)), SETTLED);
	});
}
console.log(`Watching ${SOURCES} and ${TESTS}. Ctrl-C ends it.`);
run(TESTS);

/** A runner works once: Jest gets slower with every run in the same process. The next one waits, loaded. */
function run(changed) {
	running?.kill();
	running = standby;
	standby = startRunner();
	const own = testsOf(changed);
	const rest = everyTest().filter((file) => !own.includes(file));
	running.send([
		{ title: path.basename(changed), files: own },
		{ title: 'the rest of the engine', files: rest },
	]);
}

function startRunner() {
	const size = (file) => statSync(path.join(project, file)).size;
	const [smallest] = everyTest().sort((a, b) => size(a) - size(b));
	return fork(path.join(project, 'test/watch/runner.cjs'), [smallest], { cwd: project });
}

/** By its name, or else by the name of its room, or else all of the room. */
function testsOf(changed) {
	if (changed.endsWith('.test.ts')) return existsSync(path.join(project, changed)) ? [changed] : [];
	const counterpart = changed.replace(SOURCES, TESTS);
	const room = path.dirname(counterpart);
	const named = [
		counterpart.replace(/\.ts$/, '.test.ts'),
		`${room}/${path.basename(room)}.test.ts`,
	];
	const tests = everyTest();
	const found = named.find((file) => tests.includes(file));
	return found ? [found] : tests.filter((file) => path.dirname(file) === room);
}

/** The random schedules take seconds, and the goals two. */
function everyTest() {
	return readdirSync(path.join(project, TESTS), { recursive: true })
		.filter((file) => file.endsWith('.test.ts') && !/properties|goals/.test(file))
		.map((file) => path.join(TESTS, file));
}
