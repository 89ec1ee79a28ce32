/** What a script on the real n8n needs: a fresh one with our package in it, and a local fal behind it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalFal, type LocalFal } from '../local-fal';
import { LOCAL_KEY, owner, setUpDemo } from './demo';
import { ensureHost } from './host';
import { startN8n, type N8n } from './n8n';
import { buildPackage, installPackage } from './package';
import type { WhichN8n } from './which-n8n';

export interface Stage {
	readonly fal: LocalFal;
	/** Another one after {@link Stage.crash}. */
	readonly n8n: N8n;
	/** Kills n8n as a power cut does. @returns what starts it again, at the same address */
	crash(): Promise<() => Promise<void>>;
	/** Ends both and removes n8n's folder. */
	close(): Promise<void>;
}

/** Builds and packs the package, installs it in a new n8n, and puts account, credential and demo workflow in place. */
export async function openStage(which?: WhichN8n): Promise<Stage> {
	const [host] = await Promise.all([ensureHost(tellOnScreen, which), buildPackage()]);
	const userFolder = await mkdtemp(join(tmpdir(), 'fal-batch-n8n-'));
	await installPackage(userFolder);
	const fal = await startLocalFal();
	let n8n = await startN8n({ host, userFolder });
	await setUpDemo(n8n.api, { apiKey: LOCAL_KEY, baseUrl: fal.baseUrl });
	return {
		fal,
		get n8n() {
			return n8n;
		},
		async crash() {
			const { baseUrl } = n8n;
			await n8n.kill();
			return async () => {
				n8n = await startN8n({ host, userFolder, preferredPort: Number(new URL(baseUrl).port) });
				// Parked executions have given this address away.
				if (n8n.baseUrl !== baseUrl) throw new Error(`${baseUrl} was taken by somebody else`);
				await n8n.api.signIn(owner);
			};
		},
		async close() {
			await n8n.stop();
			await fal.close();
			await rm(userFolder, { recursive: true, force: true });
		},
	};
}

let toldAt = 0;

/** The first install takes minutes, and silence that long looks like a hang. */
function tellOnScreen(words: string) {
	if (Date.now() - toldAt < 10_000) return;
	toldAt = Date.now();
	console.error(`Installing n8n: ${words}`);
}
