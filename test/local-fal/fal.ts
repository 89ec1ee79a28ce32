/** The parts of the local fal, as its routes see them. */
import type { CallKind, Call, CallLog } from './calls';
import type { Clock } from './clock';
import type { FaultPlan, FaultyAnswer } from './faults';
import type { Json } from './json';
import type { Media } from './media';
import type { LocalFalOptions } from './options';
import type { AccountQueue } from './queue';
import type { Webhooks } from './webhooks';

export interface Fal {
	readonly options: LocalFalOptions;
	readonly clock: Clock;
	readonly faults: FaultPlan;
	readonly log: CallLog;
	readonly media: Media;
	readonly queue: AccountQueue;
	readonly webhooks: Webhooks;
	/** Takes no new connection from now on. */
	stopListening(): void;
	/** The URL to which the bytes of an upload are put. */
	uploadUrl(path: string): string;
	/** The URL under which a path of `v3.fal.media` can be fetched. */
	mediaUrl(path: string): string;
}

/** A JSON body: as it was sent, to the digit, and what it says. */
export interface JsonBody {
	readonly text: string;
	readonly value: Json;
}

declare module 'fastify' {
	interface FastifyRequest {
		/** This call's entry in the log. */
		call: Call;
		/** A scheduled fault that plays its part when the answer leaves. */
		fault: FaultyAnswer | undefined;
	}
	interface FastifyContextConfig {
		/** What the log calls this route. */
		kind?: CallKind;
	}
}
