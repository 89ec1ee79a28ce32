/** `npm run test:n8n`: the scenarios that only a real n8n can prove, all on one server. */
import { after, describe } from 'node:test';
import { onEndRequest } from './processes';
import { demoScenario } from './scenarios/demo';
import { seedScenario } from './scenarios/seed';
import { stopScenario } from './scenarios/stop';
import { openStage } from './stage';

onEndRequest((code) => process.exit(code));
const stage = await openStage();

describe('Fal Batch in a real n8n', () => {
	after(() => stage.close());

	describe('running the demo workflow', () => demoScenario(stage));
	describe('with a seed beyond 2^53', () => seedScenario(stage));
	describe('stopped in the middle of a batch', () => stopScenario(stage));
});
