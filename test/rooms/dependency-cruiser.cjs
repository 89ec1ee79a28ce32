/** The rules of rooms.cjs, as dependency-cruiser wants them. */
const { ENGINE, ROOMS } = require('./rooms.cjs');

const own = '^(nodes|credentials)/';

const upwards = Object.entries(ROOMS).map(([room, { path, above }]) => ({
	name: `${room}-knows-only-what-is-below`,
	severity: 'error',
	comment: `${room} may import from: ${above.join(', ') || 'nothing of ours'}.`,
	from: { path },
	to: { path: own, pathNot: [path, ...above.map((below) => ROOMS[below].path)] },
}));

module.exports = {
	forbidden: [
		{ name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
		{
			name: 'nodes-do-not-know-each-other',
			severity: 'error',
			from: { path: '^nodes/(Fal[^/]+)/' },
			to: { path: '^nodes/Fal[^/]+/', pathNot: '^nodes/$1/' },
		},
		{
			name: 'the-engine-does-not-know-n8n',
			severity: 'error',
			from: { path: `^${ENGINE}` },
			to: { path: 'node_modules/(?!p-limit|yocto-queue)', pathNot: 'node_modules/@types' },
		},
		...upwards,
	],
	options: {
		// Imports of types count: what a room is told of is what it knows.
		tsPreCompilationDeps: true,
		tsConfig: { fileName: 'tsconfig.json' },
		doNotFollow: { path: 'node_modules' },
		enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
	},
};
