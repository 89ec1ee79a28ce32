/**
 * `npm run test:queue`: what only n8n's queue mode can prove, on one main, two workers and two webhook
 * processors. `npm run test:queue -- trigger` runs those with this word in their names.
 */
import { after } from 'node:test';
import { ensureHost } from '../host';
import { onEndRequest } from '../processes';
import { readWanted, runWanted } from '../wanted';
import { callbacksScenario } from './scenarios/callbacks';
import { manyItemsScenario } from './scenarios/many-items';
import { outagesScenario } from './scenarios/outages';
import { rerunScenario } from './scenarios/rerun';
import { stopScenario } from './scenarios/stop';
import { workerGoneScenario } from './scenarios/worker-gone';
import { openQueueStage, type QueueStage } from './stage';

let opening: Promise<QueueStage | undefined> = Promise.resolve(undefined);
// A stage that is being set up is set up first, so that its database goes, too.
onEndRequest((code) => {
	const abandoned = opening.then((opened) => opened?.abandon());
	void abandoned.catch(() => {}).finally(() => process.exit(code));
});
const wanted = readWanted('npm run test:queue');
await ensureHost(console.error, wanted.which);
const opened = openQueueStage({}, wanted.which);
opening = opened;
const stage = await opened;

after(() => stage.close());

runWanted(
	stage,
	{
		'Stop from the editor': stopScenario,
		'Redis, PostgreSQL, and the main one': outagesScenario,
		'Callbacks over two webhook processors': callbacksScenario,
		'Many items, over all workers': manyItemsScenario,
		'A worker that is gone, on n8n 2': workerGoneScenario,
		// Last: it gives the workers other settings.
		'A worker that is killed, and its execution run again': rerunScenario,
	},
	wanted,
);
