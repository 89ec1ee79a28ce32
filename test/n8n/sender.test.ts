import type { IAllExecuteFunctions } from 'n8n-workflow';
import { n8nClock } from '../../nodes/n8n/n8nClock';
import { senderOf } from '../../nodes/n8n/sender';

const { now } = n8nClock;
afterEach(() => void (n8nClock.now = now));

/** @param read what n8n does to read the credential, each time it is asked */
function sender(read: () => Promise<unknown>): IAllExecuteFunctions {
	return senderOf({ getCredentials: read } as unknown as IAllExecuteFunctions);
}

/** @returns credentials that tell how often they were read */
function countingReads() {
	let reads = 0;
	return async () => ({ apiKey: `key ${++reads}` });
}

it('n8n reads the credential once for many requests', async () => {
	const node = sender(countingReads());
	const all = await Promise.all([node.getCredentials('falApi'), node.getCredentials('falApi')]);
	all.push(await node.getCredentials('falApi'));
	expect(all).toEqual([{ apiKey: 'key 1' }, { apiKey: 'key 1' }, { apiKey: 'key 1' }]);
});

it('all that an execution sends goes out with what was read once', () => {
	const node = { getCredentials: countingReads() } as unknown as IAllExecuteFunctions;
	expect(senderOf(node)).toBe(senderOf(node));
	expect(sender(countingReads())).not.toBe(sender(countingReads()));
});

it('a key that was changed is used some seconds later', async () => {
	const node = sender(countingReads());
	await node.getCredentials('falApi');
	const later = Date.now() + 11_000;
	n8nClock.now = () => later;
	expect(await node.getCredentials('falApi')).toEqual({ apiKey: 'key 2' });
});

it('a credential that could not be read is read again for the next request', async () => {
	const read = jest.fn().mockRejectedValueOnce(new Error('timeout')).mockResolvedValue({});
	const node = sender(read);
	await expect(node.getCredentials('falApi')).rejects.toThrow('timeout');
	expect(await node.getCredentials('falApi')).toEqual({});
	expect(read).toHaveBeenCalledTimes(2);
});
