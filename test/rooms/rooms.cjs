/**
 * The rooms of the code, and who may know whom: each room only knows the rooms below it. Checked by
 * dependency-cruiser in `npm run lint`; docs/architecture.md draws the same (rooms.test.ts compares).
 */
const ENGINE = 'nodes/engine/';

/** By what a file of the room begins with; a room may import from itself and from what it is above. */
const ROOMS = {
	nodes: { path: '^nodes/Fal[^/]+/', above: ['n8n', 'report', 'fal', 'summing', 'batch', 'following', 'remembering', 'submitting', 'media', 'spending', 'words'] },
	credentials: { path: '^credentials/', above: ['fal'] },
	n8n: { path: '^nodes/n8n/', above: ['fal', 'summing', 'batch', 'following', 'remembering', 'submitting', 'media', 'spending', 'words'] },
	report: { path: '^nodes/report/', above: ['summing', 'batch', 'spending', 'words'] },
	fal: { path: '^nodes/fal/', above: ['remembering', 'submitting', 'media', 'spending', 'words'] },
	summing: { path: `^${ENGINE}summing/`, above: ['batch', 'spending', 'words'] },
	batch: { path: `^${ENGINE}batch/`, above: ['following', 'remembering', 'submitting', 'media', 'spending', 'words'] },
	following: { path: `^${ENGINE}following/`, above: ['submitting', 'words'] },
	remembering: { path: `^${ENGINE}remembering/`, above: ['submitting', 'words'] },
	submitting: { path: `^${ENGINE}submitting/`, above: ['words'] },
	media: { path: `^${ENGINE}media/`, above: ['words'] },
	spending: { path: `^${ENGINE}spending/`, above: ['words'] },
	words: { path: `^${ENGINE}[^/]+$`, above: [] },
};

module.exports = { ENGINE, ROOMS };
