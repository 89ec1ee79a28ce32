/** A real n8n server on 127.0.0.1, with nothing but its own user folder and no calls to n8n's own services. */
import { delimiter } from 'node:path';
import { N8nApi } from './n8n-api';
import { freePort } from './ports';
import { ProcessGroup } from './processes';
import type { Host } from './host';

/** A first start runs all database migrations: 20 s here, a slow disk needs a multiple. */
const START_WITHIN_MS = 180_000;
/** n8n gives running executions half of this; what is still there then is killed. */
const STOP_WITHIN_MS = 10_000;
const KEPT_LOG_LINES = 500;

export interface N8nOptions {
	host: Host;
	/** Database, settings, encryption key and community packages live here. The same folder again is the same n8n. */
	userFolder: string;
	/** Taken if it is free. */
	preferredPort?: number;
	/** On top of the settings below. */
	env?: NodeJS.ProcessEnv;
}

export interface N8n {
	/** The editor's address, without a slash at the end. */
	readonly baseUrl: string;
	readonly api: N8nApi;
	/** The newest lines of n8n's log, oldest first. */
	readonly log: readonly string[];
	/** Calls back with each new line of the log, until the given function is called. */
	onLogLine(listener: (line: string) => void): () => void;
	/** Resolves with the exit code when n8n has ended, for whatever reason. */
	readonly ended: Promise<number>;
	stop(): Promise<void>;
	/** SIGKILL: what a crash does. Starting again on the same user folder is the restart. */
	kill(): Promise<void>;
}

/**
 * Starts n8n and waits until the editor can be used.
 * @throws with the end of n8n's log when it ends or takes too long before that
 */
export async function startN8n({ host, userFolder, preferredPort, env }: N8nOptions): Promise<N8n> {
	const port = await freePort(preferredPort);
	const log: string[] = [];
	const listeners = new Set<(line: string) => void>();
	const server = new ProcessGroup(host.node, [host.n8n, 'start'], {
		cwd: userFolder,
		env: {
			...inherited(),
			PATH: [host.binFolder, process.env.PATH].join(delimiter),
			...(await settings(userFolder, port)),
			...env,
		},
		onLine(line) {
			log.push(line);
			if (log.length > KEPT_LOG_LINES) log.shift();
			listeners.forEach((listener) => listener(line));
		},
	});
	const onLogLine: N8n['onLogLine'] = (listener) => {
		listeners.add(listener);
		return () => listeners.delete(listener);
	};
	await untilReady(server, log, onLogLine);

	const baseUrl = `http://127.0.0.1:${port}`;
	return {
		baseUrl,
		api: new N8nApi(baseUrl),
		log,
		onLogLine,
		ended: server.ended,
		stop: () => server.stop(STOP_WITHIN_MS),
		async kill() {
			server.kill();
			await server.ended;
		},
	};
}

/** /healthz and the REST routes answer at different times during the start; this line comes after all of them. */
async function untilReady(
	server: ProcessGroup,
	log: readonly string[],
	onLogLine: N8n['onLogLine'],
) {
	let timer: NodeJS.Timeout | undefined;
	const ready = new Promise<'ready'>((resolve) => {
		onLogLine((line) => line.includes('Editor is now accessible') && resolve('ready'));
	});
	const late = new Promise<'late'>((resolve) => {
		timer = setTimeout(resolve, START_WITHIN_MS, 'late');
	});
	const outcome = await Promise.race([ready, late, server.ended]);
	clearTimeout(timer);
	if (outcome === 'ready') return;
	server.kill();
	const what = outcome === 'late' ? 'n8n took too long to start' : `n8n ended with code ${outcome}`;
	throw new Error(`${what}. The end of its log:\n${log.slice(-30).join('\n')}`);
}

/** Not the whole environment: somebody's own N8N_* and DB_* must not lead this n8n to their database, nor give it a key. */
function inherited(): NodeJS.ProcessEnv {
	const names =
		/^(HOME|USERPROFILE|SystemRoot|TEMP|TMP|TMPDIR|LANG|TZ|HTTPS?_PROXY|NO_PROXY|NODE_EXTRA_CA_CERTS)$/i;
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}

async function settings(userFolder: string, port: number): Promise<NodeJS.ProcessEnv> {
	return {
		N8N_USER_FOLDER: userFolder,
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_PORT: String(port),
		// n8n builds its editor and webhook addresses from this one and would say "localhost", which may be ::1.
		N8N_HOST: '127.0.0.1',
		// The default is a fixed port, and there may be two of us.
		N8N_RUNNERS_BROKER_PORT: String(await freePort()),
		// No TLS here, and a secure cookie would not come back.
		N8N_SECURE_COOKIE: 'false',
		N8N_LOG_LEVEL: 'info',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '5',
		GENERIC_TIMEZONE: 'UTC',

		// Everything by which n8n would call home.
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
		EXTERNAL_FRONTEND_HOOKS_URLS: '',
		N8N_DISABLED_MODULES: 'mcp-registry',

		// Everything by which the editor would ask a newcomer something first.
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
	};
}
