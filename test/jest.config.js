/** Jest for every layer that needs no n8n server: pure engine, transport, local fal, n8n-core. */
module.exports = {
	rootDir: '..',
	testMatch: ['<rootDir>/test/**/*.test.ts'],
	testTimeout: 120_000,
	testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/real-n8n/'],
	modulePathIgnorePatterns: ['<rootDir>/dist/'],
	transform: {
		'\\.[jt]s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } } }],
	},
	// p-limit and its queue are published as ES modules only; Jest runs CommonJS.
	transformIgnorePatterns: ['/node_modules/(?!(p-limit|yocto-queue)/)'],
	// The engine is where money is spent: no line of it goes untried.
	collectCoverageFrom: ['nodes/engine/**/*.ts'],
	coverageThreshold: { global: { lines: 95 } },
	coverageReporters: ['text-summary', 'text'],
	coverageDirectory: 'coverage',
};
