/** A node of n8n as far as its parameters, its credential and its HTTP helper go; n8n-core has the real one. */
import type {
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	INode,
} from 'n8n-workflow';

export interface FakeNode {
	/** What is set in the node, for each item: an absent item has the parameters of the first one. */
	readonly parameters?: ReadonlyArray<Readonly<Record<string, unknown>>>;
	readonly credential?: IDataObject;
	/** Stands for n8n's HTTP helper. */
	readonly send?: (options: IHttpRequestOptions, on: IExecuteFunctions) => Promise<unknown>;
}

const NODE: INode = {
	id: '1',
	name: 'Fal',
	type: 'test.fal',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
	credentials: { falApi: { id: 'one', name: 'Fal API' } },
};

export function fakeNode(fake: FakeNode): IExecuteFunctions & ILoadOptionsFunctions {
	const { parameters = [{}], credential = {}, send } = fake;
	const node = {
		getNode: () => NODE,
		getCredentials: async () => credential,
		getExecutionCancelSignal: () => new AbortController().signal,
		getInputData: () => parameters.map(() => ({ json: {} })),
		getNodeParameter(
			path: string,
			itemIndex: number,
			otherwise?: unknown,
			{ rawExpressions = false } = {},
		) {
			const [name = '', field] = path.split('.');
			const given = parameters.map((item) => item[name]);
			const value = itemIndex < given.length ? given[itemIndex] : given[0];
			if (rawExpressions && new Set(given).size > 1) return written(given);
			const found = field === undefined ? value : (value as IDataObject | undefined)?.[field];
			return found === undefined ? otherwise : found;
		},
		helpers: {
			async httpRequestWithAuthentication(
				this: IExecuteFunctions,
				_credentialType: string,
				options: IHttpRequestOptions,
			) {
				if (!send) throw new Error('The test sends nothing');
				return await send(options, this);
			},
		},
	};
	return node as unknown as IExecuteFunctions & ILoadOptionsFunctions;
}

/** What differs from item to item can only come from an expression: of a collection, in each of its fields. */
function written(given: readonly unknown[]): unknown {
	const isCollection = given.some((value) => typeof value === 'object' && value !== null);
	if (!isCollection) return '={{ }}';
	const items = given.map((value) => (value ?? {}) as IDataObject);
	const names = [...new Set(items.flatMap((item) => Object.keys(item)))];
	return Object.fromEntries(
		names.map((name) => {
			const values = items.map((item) => item[name]);
			return [name, new Set(values).size > 1 ? '={{ }}' : values[0]];
		}),
	);
}
