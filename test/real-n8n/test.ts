/** `npm run test:n8n`: the scenarios that only a real n8n can prove, all on one server. */
import { after, describe } from 'node:test';
import { onEndRequest } from './processes';
import { collectScenario } from './scenarios/collect';
import { crashScenario } from './scenarios/crash';
import { demoScenario } from './scenarios/demo';
import { parkingScenario } from './scenarios/parking';
import { seedScenario } from './scenarios/seed';
import { stopScenario } from './scenarios/stop';
import { openStage } from './stage';

onEndRequest((code) => process.exit(code));
const stage = await openStage();

after(() => stage.close());

describe('Fal Batch in a real n8n', () => {
	describe('running the demo workflow', () => demoScenario(stage));
	describe('with a seed beyond 2^53', () => seedScenario(stage));
	describe('stopped in the middle of a batch', () => stopScenario(stage));
});

describe('Fal Queue Status in a real n8n', () => {
	describe('collecting what was submitted', () => collectScenario(stage));
	describe('parked until fal calls back', () => parkingScenario(stage));
	// Last: what comes after it gets another n8n process.
	describe('parked while n8n is killed', () => crashScenario(stage));
});
