/**
 * `npm run test:n8n`: the scenarios that only a real n8n can prove, all on one server.
 * `npm run test:n8n -- trigger` runs those with this word in their names.
 */
import { after, describe } from 'node:test';
import { onEndRequest } from './processes';
import { collectScenario } from './scenarios/collect';
import { crashScenario } from './scenarios/crash';
import { demoScenario } from './scenarios/demo';
import { parkingScenario } from './scenarios/parking';
import { rerunScenario } from './scenarios/rerun';
import { seedScenario } from './scenarios/seed';
import { stopScenario } from './scenarios/stop';
import { triggerScenario } from './scenarios/trigger';
import { triggerCrashScenario } from './scenarios/trigger-crash';
import { triggerInputScenario } from './scenarios/trigger-input';
import { triggerLoadScenario } from './scenarios/trigger-load';
import { openStage, type Stage } from './stage';

const [, , wanted = ''] = process.argv;

onEndRequest((code) => process.exit(code));
const stage = await openStage();

after(() => stage.close());

scenario('Fal Batch: running the demo workflow', demoScenario);
scenario('Fal Batch: with a seed beyond 2^53', seedScenario);
scenario('Fal Batch: stopped in the middle of a batch', stopScenario);

scenario('Fal Queue Status: collecting what was submitted', collectScenario);
scenario('Fal Queue Status: parked until fal calls back', parkingScenario);

scenario('Fal Trigger: started by each completion', triggerScenario);
scenario('Fal Trigger: given what is none of fal’s', triggerInputScenario);
scenario('Fal Trigger: as quick as n8n', triggerLoadScenario);

// Last: what comes after them gets another n8n process.
scenario('Fal Queue Status: parked while n8n is killed', crashScenario);
scenario('Fal Batch: killed in the middle, and run again', rerunScenario);
scenario('Fal Trigger: called back again after n8n was killed', triggerCrashScenario);

function scenario(name: string, tests: (stage: Stage) => void) {
	if (name.toLowerCase().includes(wanted.toLowerCase())) describe(name, () => tests(stage));
}
