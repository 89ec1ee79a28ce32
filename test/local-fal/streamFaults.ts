/** What goes wrong with a status stream, once it has begun. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Fal } from './fal';
import { type FaultyAnswer, TRICKLE } from './faults';
import { writeJson } from './json';

export const STREAM_FAULTS = [
	/** It ends behind the first event, in good order. */
	'stream_ends_early',
	/** The socket dies in the middle of the second event, or of the first where there is no other. */
	'stream_cut',
	/** Nothing comes behind the first event, no comment either. */
	'stream_silent',
	/** Nothing but comments comes behind the first event. */
	'stream_held_back',
	/** A proxy keeps all of it until it ends. */
	'stream_buffered',
	/** A proxy keeps all of it until it ends, which it never does. */
	'stream_swallowed',
	/** Events, in none of which is a status. */
	'stream_garbage',
	/** An event of 3 MB. */
	'stream_huge_event',
	/** Its status as JSON, and no event. */
	'stream_json',
	/** Its events tell of another request. */
	'stream_mixed_up',
] as const;
export type StreamFault = (typeof STREAM_FAULTS)[number];

/** Those of all calls that have a meaning of their own for events. */
const OF_ALL_CALLS = [
	'trickle',
	'endless_trickle',
	'half_json',
	'wrong_content_type',
	'cut',
	'wrong_length',
	'then_dark',
] as const;

type OfStream = StreamFault | (typeof OF_ALL_CALLS)[number];

export function isOfStream(fault: FaultyAnswer | undefined): fault is OfStream {
	const known: readonly unknown[] = [...STREAM_FAULTS, ...OF_ALL_CALLS];
	return known.includes(fault);
}

type Statuses = AsyncGenerator<{ data: { status: string } }>;

/** Of fal's time: nothing is on its way any longer. */
const A_MOMENT = 20;
const KEEP_ALIVE = 15_000;

export async function sendFaulty(
	fault: OfStream,
	statuses: Statuses,
	reply: FastifyReply,
	fal: Fal,
): Promise<unknown> {
	if (fault === 'stream_json') {
		for await (const { data } of statuses) return reply.send(data);
	}
	reply.hijack();
	const { raw } = reply;
	const type = fault === 'wrong_content_type' ? 'text/plain' : 'text/event-stream';
	const begin = () => raw.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
	if (fault !== 'stream_buffered' && fault !== 'stream_swallowed') begin().flushHeaders();
	const kept: string[] = [];
	let sent = 0;
	for await (const { data } of statuses) {
		if (raw.destroyed) return reply;
		const event = `data: ${writeJson(data)}\n\n`;
		sent++;
		const isLast = data.status === 'COMPLETED';
		switch (fault) {
			case 'stream_ends_early':
				raw.end(event);
				return reply;
			case 'stream_cut':
			case 'cut':
			case 'wrong_length':
				if (sent === 1 && !isLast) raw.write(event);
				else {
					raw.write(event.slice(0, event.length / 2));
					await fal.clock.wait(A_MOMENT);
					raw.destroy();
					return reply;
				}
				break;
			case 'stream_silent':
				raw.write(event);
				return await closed(raw, reply);
			case 'stream_held_back':
				raw.write(event);
				await keptAlive(raw, fal);
				return reply;
			case 'stream_buffered':
				kept.push(event);
				break;
			case 'stream_swallowed':
				return await closed(raw, reply);
			case 'stream_garbage':
				raw.write('data: <html>Please sign in</html>\n\ndata: {"status":"FINE"}\n\n');
				break;
			case 'stream_huge_event':
				raw.write(
					`data: {"status":"IN_PROGRESS","logs":[{"message":"${'x'.repeat(3_000_000)}"}]}\n\n`,
				);
				break;
			case 'stream_mixed_up':
				raw.write(`data: ${writeJson({ ...data, request_id: 'another-request' })}\n\n`);
				break;
			case 'half_json':
				raw.write(`data: ${writeJson(data).slice(0, 40)}\n\n`);
				break;
			case 'trickle':
				await inPieces(event, raw, fal);
				break;
			case 'endless_trickle':
				await inPieces(isLast ? event.slice(0, -1) : event, raw, fal);
				if (isLast) return await closed(raw, reply);
				break;
			case 'then_dark':
				if (isLast) fal.stopListening();
				raw.write(event);
				break;
			case 'wrong_content_type':
				raw.write(event);
				break;
			case 'stream_json':
				break;
		}
	}
	if (kept.length > 0) begin();
	raw.end(kept.join(''));
	return reply;
}

async function closed(raw: ServerResponse, reply: FastifyReply): Promise<FastifyReply> {
	if (!raw.destroyed) await new Promise((resolve) => raw.once('close', resolve));
	return reply;
}

async function keptAlive(raw: ServerResponse, fal: Fal): Promise<void> {
	while (!raw.destroyed) {
		await fal.clock.wait(KEEP_ALIVE);
		if (!raw.destroyed) raw.write(': keep-alive\n\n');
	}
}

async function inPieces(event: string, raw: ServerResponse, { clock }: Fal): Promise<void> {
	for (let at = 0; at < event.length && !raw.destroyed; at += TRICKLE.bytes) {
		raw.write(event.slice(at, at + TRICKLE.bytes));
		await clock.wait(TRICKLE.pause);
	}
}
