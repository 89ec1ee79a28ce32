/**
 * `npm run test:editor`: n8n's editor in a real browser, used as a person uses it, from an empty workflow on.
 * `npm run test:editor -- trigger` runs those with this word in their names. Needs Chromium.
 */
import { after } from 'node:test';
import { onEndRequest } from '../processes';
import { readWanted, runWanted } from '../wanted';
import { albumFolder } from './album';
import { falBatchScenario } from './fal-batch';
import { falBatchFormScenario } from './fal-batch-form';
import { falQueueStatusScenario } from './fal-queue-status';
import { falTriggerScenario } from './fal-trigger';
import { foundScenario } from './found';
import { openEditorStage } from './journey';
import { readmeScenario } from './readme';

onEndRequest((code) => process.exit(code));
const wanted = readWanted('npm run test:editor');
const stage = await openEditorStage(wanted.which);

after(async () => {
	await stage.close();
	console.log(`Pictures of all steps: ${albumFolder}`);
});

runWanted(
	stage,
	{
		'Found in n8n’s panels': foundScenario,
		'Fal Batch, from an empty workflow': falBatchScenario,
		'Fal Batch, with the form of its model': falBatchFormScenario,
		'Fal Queue Status, behind what was submitted': falQueueStatusScenario,
		'Fal Trigger, listening for a test event': falTriggerScenario,
		'The README’s first batch': readmeScenario,
	},
	wanted,
);
