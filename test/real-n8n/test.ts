/**
 * `npm run test:n8n`: the scenarios that only a real n8n can prove, all on one server.
 * `npm run test:n8n -- trigger` runs those with this word in their names; `-- --n8n 1.123.81`, those on another n8n.
 */
import { after } from 'node:test';
import { onEndRequest } from './processes';
import { agentToolScenario } from './scenarios/agent-tool';
import { collectScenario } from './scenarios/collect';
import { crashScenario } from './scenarios/crash';
import { demoScenario } from './scenarios/demo';
import { filesScenario } from './scenarios/files';
import { lowThenHighScenario, qualityGatesScenario } from './scenarios/money';
import {
	aiAgentScenario,
	boundedPoolScenario,
	nightRunScenario,
	queueAndPollScenario,
} from './scenarios/guides';
import { parkingScenario } from './scenarios/parking';
import { rerunScenario } from './scenarios/rerun';
import { seedScenario } from './scenarios/seed';
import { stopScenario } from './scenarios/stop';
import { triggerScenario } from './scenarios/trigger';
import { triggerCrashScenario } from './scenarios/trigger-crash';
import { triggerInputScenario } from './scenarios/trigger-input';
import { triggerLoadScenario } from './scenarios/trigger-load';
import { openStage } from './stage';
import { readWanted, runWanted } from './wanted';

onEndRequest((code) => process.exit(code));
const wanted = readWanted('npm run test:n8n');
const stage = await openStage(wanted.which);

/** Of the workflows that make a data table by themselves. */
const needsTables = { since: '2.3', because: 'a Data Table node that makes tables' };

after(() => stage.close());

runWanted(
	stage,
	{
		'Fal Batch: running the demo workflow': demoScenario,
		'Fal Batch: with a seed beyond 2^53': seedScenario,
		'Fal Batch: stopped in the middle of a batch': stopScenario,
		'Fal Batch: with files in and out': filesScenario,
		'Fal Batch: as a tool of an AI Agent': {
			since: '1.100',
			because: 'told agents of a field that a default leaves to them',
			scenario: agentToolScenario,
		},
		'Money: first low, then the winners high': {
			since: '1.100',
			because: 'the versions of its form nodes that the workflow uses',
			scenario: lowThenHighScenario,
		},
		'Money: quality gates with one budget': qualityGatesScenario,
		'Guides: a night run with a table': { ...needsTables, scenario: nightRunScenario },
		'Guides: queue and poll on a schedule': { ...needsTables, scenario: queueAndPollScenario },
		'Guides: a bounded pool over 1,000 assets': boundedPoolScenario,
		'Guides: an agent that makes a picture': {
			since: '1.123',
			because: 'the newest AI Agent of n8n 1',
			scenario: aiAgentScenario,
		},

		'Fal Queue Status: collecting what was submitted': collectScenario,
		'Fal Queue Status: parked until fal calls back': parkingScenario,

		'Fal Trigger: started by each completion': { ...needsTables, scenario: triggerScenario },
		'Fal Trigger: given what is none of fal’s': triggerInputScenario,
		'Fal Trigger: as quick as n8n': triggerLoadScenario,

		// Last: what comes after them gets another n8n process.
		'Fal Queue Status: parked while n8n is killed': crashScenario,
		'Fal Batch: killed in the middle, and run again': rerunScenario,
		'Fal Trigger: called back again after n8n was killed': triggerCrashScenario,
	},
	wanted,
);
