/**
 * What is shown beside the parameters of Fal Trigger. n8n's own text would send people to fal's site, where
 * nothing can be triggered.
 */
import type { INodeTypeDescription } from 'n8n-workflow';

const whileBuilding =
	'<b>While you build the workflow</b>, click "Execute step", then submit a request with the <b>Test URL</b> as its Webhook URL: with Fal Batch in another workflow, for one. What comes of it shows up in this editor. The Test URL takes one callback for each click.';

const inProduction =
	'submit with the <b>Production URL</b>. Each request that is done starts an execution. You find them in the <a data-key="executions">executions list</a>, and not in this editor.';

export const triggerPanel: INodeTypeDescription['triggerPanel'] = {
	header: 'Receive what fal has done',
	executionsHelp: {
		inactive: `${whileBuilding}<br /><br /><b>Once you are happy with it</b>, publish it, and ${inProduction}`,
		active: `${whileBuilding}<br /><br /><b>Now that it is published</b>, ${inProduction}`,
	},
	// n8n would say the same again.
	activationHint: { inactive: '', active: '' },
};
