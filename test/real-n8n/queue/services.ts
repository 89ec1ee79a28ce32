/**
 * PostgreSQL and Redis for n8n's queue mode: found, given a database and a prefix of their own for one run,
 * and left as they were afterwards.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** What a machine of ours has. `POSTGRES_URL` and `REDIS_URL` name others. */
const POSTGRES_URL = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

const HOW_TO_GET_THEM = `Start both with

    docker compose -f docs/queue-mode/compose.yaml up -d postgres redis

and name them by POSTGRES_URL=postgres://n8n:n8n@127.0.0.1:5432/n8n and REDIS_URL=redis://127.0.0.1:6379,
or name your own. Each run makes a database and a Redis prefix for itself and removes both.`;

export interface Services {
	readonly postgres: { readonly host: string; readonly port: number };
	readonly redis: { readonly host: string; readonly port: number };
	/** How n8n gets there; host and port of both are the caller's to give, who may stand in between. */
	readonly env: NodeJS.ProcessEnv;
	/** Rows of n8n's own database. */
	query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
	/** Ends every connection to this run's database with the words of a server that is restarted. */
	endConnections(): Promise<void>;
	/** What a Redis without persistence has lost after a restart. @returns how many keys */
	forgetRedis(): Promise<number>;
	/** Drops database and keys. */
	close(): Promise<void>;
}

/** @throws with what to do when one of the two can't be had */
export async function openServices(): Promise<Services> {
	const name = `fal_queue_${randomUUID().slice(0, 8)}`;
	const postgres = new URL(POSTGRES_URL);
	const redis = new URL(REDIS_URL);
	const admin = await reach('PostgreSQL', POSTGRES_URL, connect);
	const keys = await reach('Redis', REDIS_URL, async (url) => {
		const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
		await client.connect();
		return client;
	});
	await admin.query(`CREATE DATABASE ${name}`);
	const database = await connect(
		Object.assign(new URL(POSTGRES_URL), { pathname: `/${name}` }).href,
	);
	const deleteKeys = async () => {
		let deleted = 0;
		for await (const page of keys.scanStream({ match: `${name}*`, count: 1000 })) {
			const found = (page as string[]).map(String);
			if (found.length > 0) deleted += await keys.del(...found);
		}
		return deleted;
	};
	return {
		postgres: { host: postgres.hostname, port: Number(postgres.port || 5432) },
		redis: { host: redis.hostname, port: Number(redis.port || 6379) },
		env: {
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_DATABASE: name,
			DB_POSTGRESDB_USER: decodeURIComponent(postgres.username),
			DB_POSTGRESDB_PASSWORD: decodeURIComponent(postgres.password),
			QUEUE_BULL_PREFIX: name,
			N8N_REDIS_KEY_PREFIX: name,
			QUEUE_BULL_REDIS_USERNAME: decodeURIComponent(redis.username),
			QUEUE_BULL_REDIS_PASSWORD: decodeURIComponent(redis.password),
		},
		async query<Row extends object>(sql: string, values: readonly unknown[] = []) {
			return (await database.query<Row>(sql, [...values])).rows;
		},
		async endConnections() {
			await admin.query(
				'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> $2',
				[name, await processIdOf(database)],
			);
		},
		forgetRedis: deleteKeys,
		async close() {
			await database.end();
			await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
			await admin.end();
			await deleteKeys();
			keys.disconnect();
		},
	};
}

async function connect(connectionString: string): Promise<Client> {
	const client = new Client({ connectionString });
	await client.connect();
	return client;
}

async function processIdOf(client: Client): Promise<number> {
	const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
	return rows[0]?.pid ?? 0;
}

async function reach<T>(what: string, url: string, open: (url: string) => Promise<T>): Promise<T> {
	try {
		return await open(url);
	} catch (error) {
		const { host } = new URL(url);
		const why = error instanceof Error ? error.message : String(error);
		throw new Error(`${what} does not answer at ${host}: ${why}\n${HOW_TO_GET_THEM}`);
	}
}
