/**
 * n8n as people run it on several machines: a main, two workers, two webhook processors behind one address,
 * PostgreSQL and Redis, our package in each of them, and a local fal.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalFal, type LocalFal } from '../../local-fal';
import { LOCAL_KEY, owner, saveFalCredential } from '../demo';
import { ensureHost } from '../host';
import { type N8n, type N8nCommand, type N8nProcess, startN8n, startN8nProcess } from '../n8n';
import { buildPackage, installPackage } from '../package';
import type { WhichN8n } from '../which-n8n';
import { type Balancer, startBalancer } from './balancer';
import { type Gate, openGate } from './gate';
import { openServices, type Services } from './services';

const WORKERS = 2;
const WEBHOOK_PROCESSORS = 2;

/** n8n's defaults are a minute, 10 s and 30 s. A worker that died is then noticed within 90 s, here within 20. */
const QUICK_TO_NOTICE = {
	QUEUE_WORKER_LOCK_DURATION: '12000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '3000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

export interface QueueStage {
	readonly fal: LocalFal;
	readonly main: N8n;
	readonly workers: readonly N8nProcess[];
	readonly webhookProcessors: readonly N8nProcess[];
	/** What WEBHOOK_URL names. */
	readonly balancer: Balancer;
	readonly services: Services;
	readonly redisGate: Gate;
	readonly postgresGate: Gate;
	/** @returns the place of the worker that began this execution last; -1 for none */
	workerOf(executionId: string): number;
	killWorker(place: number): Promise<void>;
	/** SIGTERM. */
	stopWorker(place: number, graceMs: number): Promise<void>;
	startWorker(place: number, env?: NodeJS.ProcessEnv): Promise<void>;
	killMain(): Promise<void>;
	/** At its old address. */
	startMain(): Promise<void>;
	/** Ends everything, and removes folders, database and keys. */
	close(): Promise<void>;
	/** The same at once, for who is asked to end in the middle. */
	abandon(): Promise<void>;
}

/** @param env on top of n8n's settings, for all of its processes */
export async function openQueueStage(
	env: NodeJS.ProcessEnv = {},
	which?: WhichN8n,
): Promise<QueueStage> {
	const services = await openServices();
	const folder = await mkdtemp(join(tmpdir(), 'fal-queue-mode-'));
	const [host] = await Promise.all([ensureHost(console.error, which), buildPackage()]);
	await installPackage(join(folder, 'main'));
	const fal = await startLocalFal();
	const redisGate = await openGate(services.redis);
	const postgresGate = await openGate(services.postgres);
	const webhookProcessors: N8nProcess[] = [];
	const workers: N8nProcess[] = [];
	const balancer = await startBalancer(() => webhookProcessors.map(({ baseUrl }) => baseUrl));
	const shared: NodeJS.ProcessEnv = {
		...services.env,
		DB_POSTGRESDB_HOST: '127.0.0.1',
		DB_POSTGRESDB_PORT: String(postgresGate.port),
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: String(redisGate.port),
		...QUICK_TO_NOTICE,
		EXECUTIONS_MODE: 'queue',
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
		N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
		WEBHOOK_URL: `${balancer.baseUrl}/`,
		...env,
	};
	const optionsOf = async (name: string, more: NodeJS.ProcessEnv = {}) => {
		const userFolder = join(folder, name);
		if (name !== 'main') {
			await cp(join(folder, 'main', '.n8n', 'nodes'), join(userFolder, '.n8n', 'nodes'), {
				recursive: true,
			});
		}
		return { host, userFolder, env: { ...shared, ...more } };
	};
	const start = async (command: N8nCommand, name: string, more?: NodeJS.ProcessEnv) =>
		await startN8nProcess(command, await optionsOf(name, more));

	// One after the other: each takes a whole core while it starts, and the main one makes the tables.
	let main = await startN8n(await optionsOf('main'));
	for (let place = 0; place < WORKERS; place++) {
		workers.push(await start('worker', `worker-${place}`));
	}
	for (let place = 0; place < WEBHOOK_PROCESSORS; place++) {
		webhookProcessors.push(await start('webhook', `webhook-${place}`));
	}
	await main.api.signIn(owner);
	await saveFalCredential(main.api, { apiKey: LOCAL_KEY, baseUrl: fal.baseUrl });
	const worker = (place: number) => {
		const one = workers[place];
		if (!one) throw new Error(`There is no worker ${place}`);
		return one;
	};

	const processes = () => [...webhookProcessors, ...workers, main];
	const tidyUp = async () => {
		await services.close();
		await rm(folder, { recursive: true, force: true });
	};

	return {
		fal,
		get main() {
			return main;
		},
		workers,
		webhookProcessors,
		balancer,
		services,
		redisGate,
		postgresGate,
		workerOf: (executionId) =>
			workers.findIndex(({ log }) =>
				log.some((line) => line.includes(`Worker started execution ${executionId} `)),
			),
		killWorker: async (place) => await worker(place).kill(),
		stopWorker: async (place, graceMs) => await worker(place).stop(graceMs),
		async startWorker(place, more) {
			workers[place] = await start('worker', `worker-${place}`, more);
		},
		killMain: async () => await main.kill(),
		async startMain() {
			const { baseUrl } = main;
			const preferredPort = Number(new URL(baseUrl).port);
			main = await startN8n({ ...(await optionsOf('main')), preferredPort });
			if (main.baseUrl !== baseUrl) throw new Error(`${baseUrl} was taken by somebody else`);
			await main.api.signIn(owner);
		},
		async close() {
			await Promise.all(processes().map(async (one) => await one.stop()));
			await balancer.close();
			await redisGate.close();
			await postgresGate.close();
			await fal.close();
			await tidyUp();
		},
		async abandon() {
			await Promise.all(processes().map(async (one) => await one.kill()));
			await tidyUp();
		},
	};
}
