/** Jest for every layer that needs no n8n server: pure engine, transport, local fal, n8n-core. */
const { availableParallelism } = require('node:os');

module.exports = {
	rootDir: '..',
	testMatch: ['<rootDir>/test/**/*.test.ts'],
	// Ten times what the longest of them takes, for a busy machine.
	testTimeout: 300_000,
	// Jest would leave one core idle. More workers than there are cores, because many tests wait on sockets.
	// A number: above 100 %, Jest drops the sign and starts as many workers as the figure says.
	maxWorkers: availableParallelism() + 3,
	testSequencer: '<rootDir>/test/longestFirst.js',
	testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/real-n8n/'],
	modulePathIgnorePatterns: ['<rootDir>/dist/'],
	transform: {
		'/dist/(nodes|credentials)/.*\\.js$': '<rootDir>/test/builtCode.cjs',
		'\\.[jt]s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } } }],
	},
	// p-limit, p-queue and what they need are published as ES modules only; Jest runs CommonJS.
	transformIgnorePatterns: ['/node_modules/(?!(p-limit|yocto-queue|p-queue|p-timeout|eventemitter3)/)'],
	// The n8n-core layer runs the built nodes; their maps make it count for the sources. See coverage.mjs.
	collectCoverageFrom: ['{nodes,credentials}/**/*.ts', 'dist/{nodes,credentials}/**/*.js'],
	coverageReporters: ['json'],
	coverageDirectory: 'coverage',
};
