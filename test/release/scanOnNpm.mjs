/**
 * n8n's whole scan, of the version that has just been published: sources and tarball once more, and what only npm
 * can show, the provenance and the public source that it names. (Its own command ends with 0 whatever it finds.)
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { analyzePackageByName } from '@n8n/scan-community-package/scanner/scanner.mjs';

/** npm takes some minutes until everybody is given what is new. */
const TRIES = 10;
const PAUSE_MS = 30_000;

const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
let result = await scan();
for (let tries = 1; !result.passed && tries < TRIES; tries++) {
	await sleep(PAUSE_MS);
	result = await scan();
}
console.log(`n8n's scan of ${name}@${version}: ${result.passed ? 'passed' : result.message}`);
if (result.details) console.log(result.details);
if (!result.passed) process.exitCode = 1;

async function scan() {
	try {
		return await analyzePackageByName(name, version);
	} catch (error) {
		return { passed: false, message: error.message };
	}
}
