/**
 * What n8n-core takes from the n8n server around it, stood in for: node types, credentials, and where it
 * shows things. The nodes are the built ones: what ships, not its sources.
 */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import './environment';
import { ExecutionLifecycleHooks } from 'n8n-core';
import {
	type ICredentialDataDecryptedObject,
	type IHttpRequestOptions,
	type INodeType,
	type INodeTypes,
	type IWorkflowExecuteAdditionalData,
	NodeHelpers,
	type Workflow,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import type { FalApi as Credential } from '../../credentials/FalApi.credentials';

export interface CredentialFields {
	readonly apiKey: string;
	readonly baseUrl: string;
	readonly maxConcurrentJobs?: number;
}

/** A module of `dist`, by its path in there. */
export function built<Module>(path: string): Module {
	return createRequire(resolve('package.json'))(`./dist/${path}`) as Module;
}

const { FalApi } = built<{ FalApi: typeof Credential }>('credentials/FalApi.credentials.js');
const { authenticate } = new FalApi();

export function nodeTypesOf(types: Readonly<Record<string, INodeType>>): INodeTypes {
	return {
		getByName: (type) => types[type]!,
		getByNameAndVersion: (type, version) => NodeHelpers.getVersionedNodeType(types[type]!, version),
		getKnownTypes: () => ({}),
	};
}

let executions = 0;

/** @param written gets what is shown to the browser, as text */
export function engineStandIn(
	workflow: Workflow,
	mode: WorkflowExecuteMode,
	credential: CredentialFields,
	written: string[],
): IWorkflowExecuteAdditionalData {
	const executionId = String(++executions);
	const hooks = new ExecutionLifecycleHooks(mode, executionId, {
		id: 'workflow',
		name: 'Test',
		active: false,
		nodes: Object.values(workflow.nodes),
		connections: {},
		createdAt: new Date(),
		updatedAt: new Date(),
		isArchived: false,
		activeVersionId: null,
	});
	const standIn = {
		executionId,
		currentNodeExecutionIndex: 0,
		webhookWaitingBaseUrl: 'http://127.0.0.1/webhook-waiting',
		formWaitingBaseUrl: 'http://127.0.0.1/form-waiting',
		variables: {},
		hooks,
		setExecutionStatus: () => {},
		sendDataToUI: (type: string, shown: unknown) =>
			written.push(`${type} ${JSON.stringify(shown)}`),
		logAiEvent: () => {},
		credentialsHelper: {
			getParentTypes: () => [],
			isCredentialUsableByNode: async () => true,
			getDecrypted: async () => ({ maxConcurrentJobs: 0, ...credential }),
			preAuthentication: async () => undefined,
			// What n8n's credentials helper does with an `authenticate` that is a function.
			authenticate: async (
				decrypted: ICredentialDataDecryptedObject,
				_type: string,
				request: IHttpRequestOptions,
			) => await authenticate(decrypted, request),
		},
	};
	return standIn as unknown as IWorkflowExecuteAdditionalData;
}
