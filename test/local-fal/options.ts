/**
 * The switches of the local fal. Where fal's behaviour is known, the default is that behaviour;
 * where it is not (fal-queue.md 10), there is a switch, and code that talks to fal must bear both.
 * All durations are milliseconds of fal's time: divided by `speed` before anybody waits for them.
 */
import type { Job } from './jobs';

export interface LocalFalOptions {
	/** TCP port on 127.0.0.1. Default 0: any free one. */
	port: number;
	/** How many times faster than fal the clock runs. Default 1. */
	speed: number;
	/** Accepted API keys. Default `['local:key']`. Others: 401 (fal-queue.md 3.1). */
	keys: string[];
	/** Whether calls without any key are taken, as fal does for public models (1.3). Default no. */
	allowAnonymous: boolean;
	/**
	 * Most jobs in progress over the whole account; the rest waits in the queue and none is
	 * refused (4.1). fal gives 2 to a new account and up to 40 to a grown one. Default 10.
	 * A change takes effect when the next job is submitted or ends.
	 */
	accountConcurrency: number;
	/** Added to each answer, half on the way in and half on the way out. Default 0. */
	latency: number;
	/** A factor on each model's usual time, or the time of a job in milliseconds. Default 1. */
	jobTime: number | ((job: Job) => number);
	/** What the seeds that models draw for themselves derive from. Default `'local'`. */
	seed: string;
	/** Submits answer 403 "User is locked" (3.1). Default no. */
	exhaustedBalance: boolean;
	/**
	 * Submits answer 429 while this many jobs are open (queued or running). fal's queue never does
	 * (4.1); gateways in front of it do. Default: no limit.
	 */
	submitLimit: number | undefined;
	/** The `Retry-After` of such a 429, in real seconds. fal sends none (2.2), so that's the default. */
	retryAfter: { form: 'seconds' | 'date'; seconds: number } | undefined;
	/** Answer to cancelling a queued job: 202 CANCELLATION_REQUESTED (default) or 200 OK (1.8). */
	cancelAnswer: 'requested' | 'ok';
	/** Whether a running job heeds a cancel: "the app decides" (1.8). Default it stops. */
	cancelRunning: 'stops' | 'finishes';
	/** What a cancelled job looks like afterwards: not documented (1.8, 10.3). */
	afterCancel: 'completed_with_error' | 'not_found';
	/** What the URLs in answers about a job begin with; a foreign host must get no call of anybody's. */
	jobUrls: string;
	/** Status of a result asked for too early: not documented (1.7, 10.1). Default 400. */
	resultBeforeCompletion: 400 | 202;
	/** Status and result under the full model id answer 405 (1.2). Default yes; else they work. */
	strictPaths: boolean;
	/** Whether the status tells model errors too, or only fal's own (1.5, 10.9). Default no. */
	errorOnStatus: boolean;
	/** The most log lines a status shows: a moving window (1.5). Default 10. */
	logWindow: number;
	/** How long a result can be fetched; 404 after it (1.7). Default: always, as payloads are stored. */
	resultExpiry: number;
	/**
	 * Which requests the history lists: the ended ones, or open ones too. Not documented; its schema
	 * lets `ended_at` be null, so code must bear both. Default ended.
	 */
	historyShows: 'ended' | 'all';
	/** How late the history shows what happened: not documented. Default 0, at once. */
	historyDelay: number;
	/**
	 * Where the URLs of media point: to this server, so that they open in a browser, or to
	 * `https://v3.fal.media` as fal's do. Default here.
	 */
	mediaUrls: 'local' | 'fal';
	/**
	 * Whether the address of an upload keeps the file's name as its last part. Seen so, not documented.
	 * Default yes; else it has a name of fal's own.
	 */
	uploadNames: 'kept' | 'own';
	/**
	 * What the addresses begin with to which uploads are put: a storage host that is none of fal's.
	 * Default: fal's own media host.
	 */
	uploadHost: string | undefined;
	/** How long an upload can be put to the address that was given for it; 403 after it. Default: always. */
	uploadExpiry: number;
	/** How long a file can be fetched; 404 after it. Default: always. */
	mediaExpiry: number;
	/** The JWKS writes `x` with base64 padding, as one verifier saw it live (5.4). Default no. */
	padJwksX: boolean;
	/** How callbacks are delivered. */
	webhooks: WebhookOptions;
	/**
	 * Whether an input that the model refuses is billed like an average call: fal "may" do so (its FAQ).
	 * Default no.
	 */
	chargesRefusedInputs: boolean;
	/** The units that a job is billed, where they are not those of its input. */
	billedUnits: ((job: Job) => number | undefined) | undefined;
	/** Told each job that ends. */
	onJobEnd: ((job: Job) => void) | undefined;
}

/** Everything is optional: `{}` is a fal whose callbacks arrive once, at once and well signed. */
export interface WebhookOptions {
	/** A factor on the waits between attempts, whose real schedule is not known (5.3). Default 1. */
	delayScale?: number;
	/**
	 * Time-outs of the first attempt and of retries. In real milliseconds, because the receiver
	 * is not sped up. Default 15,000 and 120,000 (5.3).
	 */
	firstTimeout?: number;
	retryTimeout?: number;
	/** Every nth callback is delivered twice: fal says at least once (5.3). */
	duplicateEvery?: number;
	/** The first attempt of every nth callback is lost on the way; a retry follows. */
	dropFirstEvery?: number;
	/** Every nth callback never comes. */
	loseEvery?: number;
	/** Every nth callback comes `lateBy` later (default 5,000). */
	lateEvery?: number;
	lateBy?: number;
	/** `wrong`: signed with a key that the JWKS doesn't have. `stale`: ten minutes old (5.4). */
	signature?: 'good' | 'wrong' | 'stale';
	/** Successful callbacks come with `payload: null` and a `payload_error` (5.2). */
	payloadError?: boolean;
	/** The account's id in `X-Fal-Webhook-User-Id`. Default `'local-user'`. */
	userId?: string;
}

export const DEFAULT_OPTIONS: Readonly<LocalFalOptions> = {
	port: 0,
	speed: 1,
	keys: ['local:key'],
	allowAnonymous: false,
	accountConcurrency: 10,
	latency: 0,
	jobTime: 1,
	seed: 'local',
	exhaustedBalance: false,
	submitLimit: undefined,
	retryAfter: undefined,
	cancelAnswer: 'requested',
	cancelRunning: 'stops',
	afterCancel: 'completed_with_error',
	jobUrls: 'https://queue.fal.run',
	resultBeforeCompletion: 400,
	strictPaths: true,
	errorOnStatus: false,
	logWindow: 10,
	resultExpiry: Infinity,
	historyShows: 'ended',
	historyDelay: 0,
	mediaUrls: 'local',
	uploadNames: 'kept',
	uploadHost: undefined,
	uploadExpiry: Infinity,
	mediaExpiry: Infinity,
	padJwksX: false,
	webhooks: {},
	chargesRefusedInputs: false,
	billedUnits: undefined,
	onJobEnd: undefined,
};
