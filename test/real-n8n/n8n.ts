/** Processes of a real n8n on 127.0.0.1, with nothing but their own user folders and no calls to n8n's own services. */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { N8nApi } from './n8n-api';
import { freePort } from './ports';
import { ProcessGroup } from './processes';
import type { Host } from './host';

/** A first start runs all database migrations: 20 s here, a slow disk needs a multiple. */
const START_WITHIN_MS = 180_000;
/** n8n gives running executions half of this; what is still there then is killed. */
const STOP_WITHIN_MS = 10_000;
const KEPT_LOG_LINES = 500;

/** The server with the editor, or one of the two that share its work in queue mode. */
export type N8nCommand = 'start' | 'worker' | 'webhook';

/** The last line of each start. /healthz and the REST routes of a server answer at different times before it. */
const READY: Readonly<Record<N8nCommand, string>> = {
	start: 'Editor is now accessible',
	worker: 'n8n worker is now ready',
	webhook: 'Webhook listener waiting for requests',
};

export interface N8nOptions {
	host: Host;
	/** Database, settings, encryption key and community packages live here. The same folder again is the same n8n. */
	userFolder: string;
	/** Taken if it is free. */
	preferredPort?: number;
	/** On top of the settings below. */
	env?: NodeJS.ProcessEnv;
}

export interface N8nProcess {
	readonly pid: number;
	/** The address it listens at, without a slash at the end. A worker listens nowhere. */
	readonly baseUrl: string;
	/** The newest lines of n8n's log, oldest first. */
	readonly log: readonly string[];
	/** Calls back with each new line of the log, until the given function is called. */
	onLogLine(listener: (line: string) => void): () => void;
	/** Resolves with the exit code when n8n has ended, for whatever reason. */
	readonly ended: Promise<number>;
	/** SIGTERM; what is still there after the grace period is killed. */
	stop(graceMs?: number): Promise<void>;
	/** SIGKILL: what a crash does. Starting again on the same user folder is the restart. */
	kill(): Promise<void>;
}

/** The server. */
export interface N8n extends N8nProcess {
	readonly version: string;
	/** The one folder outside its own that its nodes may read and write. */
	readonly filesFolder: string;
	readonly api: N8nApi;
}

/** Starts n8n and waits until the editor can be used. */
export async function startN8n(options: N8nOptions): Promise<N8n> {
	const server = await startN8nProcess('start', options);
	const filesFolder = filesFolderIn(options.userFolder);
	const { host } = options;
	return { ...server, version: host.version, filesFolder, api: new N8nApi(server.baseUrl, host) };
}

/**
 * Starts a process of n8n and waits until it does its work.
 * @throws with the end of its log when it ends or takes too long before that
 */
export async function startN8nProcess(
	command: N8nCommand,
	{ host, userFolder, preferredPort, env }: N8nOptions,
): Promise<N8nProcess> {
	const port = await freePort(preferredPort);
	const log: string[] = [];
	const listeners = new Set<(line: string) => void>();
	const server = new ProcessGroup(host.node, [host.n8n, command], {
		cwd: userFolder,
		env: {
			...inherited(),
			PATH: [host.binFolder, process.env.PATH].join(delimiter),
			...(await settings(host, userFolder, port)),
			...env,
		},
		onLine(line) {
			log.push(line);
			if (log.length > KEPT_LOG_LINES) log.shift();
			listeners.forEach((listener) => listener(line));
		},
	});
	const onLogLine: N8nProcess['onLogLine'] = (listener) => {
		listeners.add(listener);
		return () => listeners.delete(listener);
	};
	await untilReady(command, server, log, onLogLine);

	return {
		pid: server.pid,
		baseUrl: `http://127.0.0.1:${port}`,
		log,
		onLogLine,
		ended: server.ended,
		stop: (graceMs = STOP_WITHIN_MS) => server.stop(graceMs),
		async kill() {
			server.kill();
			await server.ended;
		},
	};
}

async function untilReady(
	command: N8nCommand,
	server: ProcessGroup,
	log: readonly string[],
	onLogLine: N8nProcess['onLogLine'],
) {
	let timer: NodeJS.Timeout | undefined;
	const ready = new Promise<'ready'>((resolve) => {
		onLogLine((line) => line.includes(READY[command]) && resolve('ready'));
	});
	const late = new Promise<'late'>((resolve) => {
		timer = setTimeout(resolve, START_WITHIN_MS, 'late');
	});
	const outcome = await Promise.race([ready, late, server.ended]);
	clearTimeout(timer);
	if (outcome === 'ready') return;
	server.kill();
	const what =
		outcome === 'late'
			? `n8n ${command} took too long to start`
			: `n8n ${command} ended with code ${outcome}`;
	throw new Error(`${what}. The end of its log:\n${log.slice(-30).join('\n')}`);
}

/** Not the whole environment: somebody's own N8N_* and DB_* must not lead this n8n to their database, nor give it a key. */
function inherited(): NodeJS.ProcessEnv {
	const names =
		/^(HOME|USERPROFILE|SystemRoot|TEMP|TMP|TMPDIR|LANG|TZ|HTTPS?_PROXY|NO_PROXY|NODE_EXTRA_CA_CERTS)$/i;
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}

function filesFolderIn(userFolder: string): string {
	return join(userFolder, 'files');
}

const MCP_REGISTRY = 'mcp-registry';

function hasModule({ n8n }: Host, name: string): boolean {
	return existsSync(join(dirname(n8n), '..', 'dist', 'modules', name));
}

async function settings(host: Host, userFolder: string, port: number): Promise<NodeJS.ProcessEnv> {
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
		N8N_RESTRICT_FILE_ACCESS_TO: filesFolderIn(userFolder),

		// Everything by which n8n would call home.
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
		EXTERNAL_FRONTEND_HOOKS_URLS: '',
		// n8n does not start with a name that it does not know.
		...(hasModule(host, MCP_REGISTRY) && { N8N_DISABLED_MODULES: MCP_REGISTRY }),

		// Everything by which the editor would ask a newcomer something first.
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
	};
}
