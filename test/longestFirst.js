/** The order of test files: those that wait on sockets take longest, so that nothing is left to wait for when they begin first. */
const { default: Sequencer } = require('@jest/test-sequencer');

const SLOW = [/reliability/, /n8n-core/, /properties/, /local-fal/];

module.exports = class LongestFirst extends Sequencer {
	sort(tests) {
		const rank = ({ path }) => {
			const place = SLOW.findIndex((slow) => slow.test(path));
			return place < 0 ? SLOW.length : place;
		};
		return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
	}
};
