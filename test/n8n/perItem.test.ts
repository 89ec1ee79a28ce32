import { hasExpression, readPerItem } from '../../nodes/n8n/perItem';
import { fakeNode } from './fakeNode';

it.each([
	['text', false],
	['={{ $json.prompt }}', true],
	[{ file: [{ field: 'a', binaryProperty: '={{ $json.name }}' }] }, true],
	[{ file: [{ field: 'a = b' }], others: [1, null, true] }, false],
	[undefined, false],
])('%j: an expression stands in it: %s', (written, expected) => {
	expect(hasExpression(written)).toBe(expected);
});

it('what holds no expression is read once', () => {
	const node = fakeNode({ parameters: [{ files: { file: [] } }] });
	const getNodeParameter = jest.spyOn(node, 'getNodeParameter');
	const read = readPerItem(node, 'files', {});
	expect([read(0), read(1), read(2)]).toEqual([{ file: [] }, { file: [] }, { file: [] }]);
	const calls: readonly unknown[][] = getNodeParameter.mock.calls;
	expect(calls.filter(([, , , raw]) => !raw)).toHaveLength(1);
});

it('an expression is evaluated for each item', () => {
	const node = fakeNode({ parameters: [{ files: 'a' }, { files: 'b' }] });
	const read = readPerItem(node, 'files', {});
	expect([read(0), read(1)]).toEqual(['a', 'b']);
});

it('what can’t be read for one item is tried again for the next', () => {
	const node = fakeNode({});
	let readings = 0;
	node.getNodeParameter = ((...[, , , options]: unknown[]) => {
		if (options) return 'fixed';
		if (++readings === 1) throw new Error('not now');
		return 'fixed';
	}) as typeof node.getNodeParameter;
	const read = readPerItem(node, 'files', {});
	expect(() => read(0)).toThrow('not now');
	expect(read(1)).toBe('fixed');
});
