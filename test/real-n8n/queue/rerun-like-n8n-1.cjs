/**
 * Loaded before n8n (`node --require`): lets it run an execution again whose worker died, once, as n8n 1.x
 * does by default. n8n 2 forces this figure of Bull's to 0, whatever is set.
 */
const { createRequire } = require('node:module');
const { basename } = require('node:path');

const script = process.argv[1] ?? '';
if (basename(script) === 'n8n') {
	const { prototype } = createRequire(require('node:fs').realpathSync(script))('bull');
	const { moveUnlockedJobsToWait } = prototype;
	prototype.moveUnlockedJobsToWait = function (...args) {
		this.settings.maxStalledCount = 1;
		return moveUnlockedJobsToWait.apply(this, args);
	};
}
