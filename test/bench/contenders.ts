/** Who runs, under which name. */
import {
	clientUnderPLimit,
	clientUnderPQueue,
	oneByOne,
	oneWait,
	type Peer,
	waitLoop,
} from './peers';

export const FAL_BATCH = 'Fal Batch';

export interface PeerContender {
	readonly name: string;
	/** A few words for the table's head. */
	readonly short: string;
	readonly run: Peer;
	/** More items than this take it hours, or its machine's memory: it is left out. */
	readonly mostItems?: number;
	/** On real sockets fewer items, where it takes too long; figures are scaled up, and say so. */
	readonly itemsOnSockets?: number;
}

export const P_QUEUE: PeerContender = {
	name: 'client + p-queue',
	short: 'client + p-queue',
	run: clientUnderPQueue,
};

export const PEERS: readonly PeerContender[] = [
	P_QUEUE,
	{ name: 'client + p-limit', short: 'client + p-limit', run: clientUnderPLimit },
	{
		name: 'dedicated nodes: one by one, poll each 5 s',
		short: 'one by one, poll 5 s',
		run: oneByOne,
		itemsOnSockets: 4,
	},
	{
		name: 'HTTP Request: all at once, one wait',
		short: 'all at once, one wait',
		run: oneWait,
	},
	{
		name: 'HTTP Request: all at once, look each 3 s',
		short: 'all at once, look each 3 s',
		run: waitLoop,
		mostItems: 1_000,
	},
];

export function peerCalled(name: string): PeerContender {
	return PEERS.find((peer) => peer.name === name)!;
}
