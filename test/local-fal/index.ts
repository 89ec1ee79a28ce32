/**
 * The local fal: fal.ai on localhost, for tests and for trying things out without an account.
 * A request for `https://H/path` is sent to `<baseUrl>/H/path`.
 */
import { billsOf } from './billing';
import type { Bill } from './billing';
import { CallLog } from './calls';
import type { Call, CallKind } from './calls';
import { Clock } from './clock';
import type { Fal } from './fal';
import { FaultPlan } from './faults';
import type { Fault } from './faults';
import type { Job } from './jobs';
import { Listener } from './listener';
import { Media } from './media';
import type { Upload } from './media';
import { DEFAULT_OPTIONS } from './options';
import type { LocalFalOptions } from './options';
import { AccountQueue } from './queue';
import type { JobCounts } from './queue';
import { buildServer } from './server';
import { Webhooks } from './webhooks';
import type { Delivery } from './webhooks';

export type { Bill } from './billing';
export type { Call, CallKind } from './calls';
export type { JobErrorType, ModelErrorType, RequestErrorType } from './errors';
export type { CallFault, Fault, FaultyAnswer, JobFate, JobFault } from './faults';
export type { Ending, Job, Progress } from './jobs';
export type { LocalFalOptions, WebhookOptions } from './options';
export type { Upload } from './media';
export type { JobCounts } from './queue';
export type { Delivery, DeliveryOutcome } from './webhooks';
export { MODELS } from './models';

export interface LocalFal {
	/** Goes before every host of fal: `http://127.0.0.1:8788`. */
	readonly baseUrl: string;
	/** Every switch but `port` can be turned while it runs. */
	readonly options: LocalFalOptions;
	/** All jobs by request id, in the order they came. */
	readonly jobs: ReadonlyMap<string, Readonly<Job>>;
	/** The latest 100,000 calls, or half as many. */
	readonly calls: readonly Call[];
	/** The files that were uploaded, in the order they came. */
	readonly uploads: readonly Upload[];
	/** Every attempt to deliver a callback. */
	readonly deliveries: readonly Delivery[];
	/** Most jobs in progress at the same time. */
	readonly peakInProgress: number;
	/** Most jobs accepted and not yet ended at the same time. */
	readonly peakOpen: number;
	/** Status streams whose connection is open, and the most there were at the same time. */
	readonly openStreams: number;
	readonly peakStreams: number;
	/** What the account is billed for the jobs that have ended. */
	bills(): Bill[];
	/** Exact, however many there were. */
	counts(): { calls: Readonly<Record<CallKind, number>>; jobs: JobCounts };
	/** Lets something go wrong; the function given back takes the fault out again. */
	schedule(fault: Fault): () => void;
	/** Nobody listens on the port any more: open connections die, new ones are refused. Jobs go on. */
	goDark(): void;
	/** Listens again, on the same port. */
	comeBack(): Promise<void>;
	/** Forgets jobs, calls, files, callbacks and faults. Options stay, and the webhook key too. */
	reset(): void;
	/** Ends every timer and every connection. */
	close(): Promise<void>;
}

/**
 * Starts a local fal on 127.0.0.1.
 *
 * @param options What differs from the defaults, see {@link LocalFalOptions}.
 */
export async function startLocalFal(given: Partial<LocalFalOptions> = {}): Promise<LocalFal> {
	const options: LocalFalOptions = { ...DEFAULT_OPTIONS, ...given };
	const clock = new Clock(options);
	const faults = new FaultPlan();
	const log = new CallLog();
	const media = new Media(options, clock);
	const webhooks = new Webhooks(options, clock);
	let baseUrl = '';
	const mediaUrl = (path: string): string => {
		const host = options.mediaUrls === 'fal' ? 'https:/' : baseUrl;
		return `${host}/v3.fal.media/${path}`;
	};
	const uploadUrl = (path: string): string =>
		options.uploadHost === undefined ? mediaUrl(path) : `${options.uploadHost}/${path}`;
	const queue = new AccountQueue({
		options,
		clock,
		faults,
		studio: {
			publish: (picture) => mediaUrl(media.hang(picture)),
			leave: (file) => mediaUrl(media.leave(file)),
			async fetch(url) {
				const path = url.slice(mediaUrl('').length);
				return url.startsWith(mediaUrl('')) ? await media.find(path) : undefined;
			},
		},
		onEnd: (job) => {
			options.onJobEnd?.(job);
			webhooks.announce(job);
		},
	});
	const stopListening = (): void => listener.stopListening();
	const fal: Fal = {
		options,
		clock,
		faults,
		log,
		media,
		queue,
		webhooks,
		mediaUrl,
		uploadUrl,
		stopListening,
	};
	const server = await buildServer(fal);
	await server.listen({ host: '127.0.0.1', port: options.port });
	const listener = new Listener(server.server);
	baseUrl = `http://127.0.0.1:${listener.port}`;

	const reset = (): void => {
		clock.stop();
		for (const forgetful of [queue, log, media, webhooks, faults]) forgetful.reset();
	};
	return {
		baseUrl,
		options,
		schedule: (fault) => faults.schedule(fault),
		bills: () => billsOf(queue.jobs.values(), options),
		counts: () => ({ calls: log.counts, jobs: queue.counts }),
		get jobs() {
			return queue.jobs;
		},
		get calls() {
			return log.calls;
		},
		get uploads() {
			return media.uploads;
		},
		get deliveries() {
			return webhooks.deliveries;
		},
		get peakInProgress() {
			return queue.peakInProgress;
		},
		get peakOpen() {
			return queue.peakOpen;
		},
		get openStreams() {
			return log.openStreams;
		},
		get peakStreams() {
			return log.peakStreams;
		},
		goDark: () => listener.goDark(),
		comeBack: async () => await listener.comeBack(),
		reset,
		close: async () => {
			reset();
			listener.releasePort();
			await server.close();
		},
	};
}
