/**
 * Gives Jest the built code as it is, with the map by which its coverage counts for the sources: the n8n-core
 * layer runs `dist`, because that is what ships.
 */
const { createHash } = require('node:crypto');
const { existsSync, readFileSync } = require('node:fs');

module.exports = {
	process: (code, file) => ({ code, map: JSON.parse(mapOf(file)) }),
	/** A comment that gets longer moves lines in the source, and changes nothing in the built code. */
	getCacheKey: (code, file, { configString, instrument }) =>
		createHash('sha256')
			.update([code, file, mapOf(file), configString, instrument].join('\0'))
			.digest('hex'),
};

function mapOf(file) {
	const map = `${file}.map`;
	return existsSync(map) ? readFileSync(map, 'utf8') : 'null';
}
