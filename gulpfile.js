/**
 * Builds `dist` from `nodes` and `credentials`: each source becomes one file in the same place, and the
 * packages that n8n does not bring along (the official fal client, p-limit, lossless-json) are inlined
 * where they are used, because n8n installs community nodes without runtime dependencies.
 */
const { readdirSync } = require('node:fs');
const { readFile, readdir, rm, writeFile } = require('node:fs/promises');
const path = require('node:path');
const { cyclonedxEsbuildPlugin } = require('@cyclonedx/cyclonedx-esbuild');
const esbuild = require('esbuild');
const gulp = require('gulp');

const SOURCES = ['nodes', 'credentials'];
const inlined = new Set();

async function clean() {
	await rm('dist', { recursive: true, force: true });
}

async function scripts() {
	const { metafile } = await esbuild.build({
		entryPoints: SOURCES.flatMap(typeScriptIn),
		outdir: 'dist',
		outbase: '.',
		bundle: true,
		platform: 'node',
		format: 'cjs',
		// n8n 1.x runs on Node 20.
		target: 'node20',
		external: ['n8n-workflow'],
		plugins: [ownSourcesStayApart, withoutRealtime, billOfMaterials],
		// n8n forbids timers and `process` to community nodes. The client uses them to wait before it
		// repeats a request, and to look for a key in the environment: it shall do neither.
		define: { setTimeout: 'undefined', clearTimeout: 'undefined', process: 'undefined' },
		drop: ['console'],
		// Not shipped (see `files` in package.json), and not named in the code: for the coverage of the tests.
		sourcemap: 'external',
		metafile: true,
		logLevel: 'warning',
	});
	for (const input of Object.keys(metafile.inputs)) {
		const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
		if (name) inlined.add(name);
	}
}

function typeScriptIn(folder) {
	const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.ts'));
	return files.map((file) => path.join(folder, file));
}

/** Files of ours require each other in `dist` as they do in the sources; only packages are inlined. */
const ownSourcesStayApart = {
	name: 'own-sources-stay-apart',
	setup({ onResolve }) {
		onResolve({ filter: /^\.\.?\// }, ({ kind, importer, path: requested }) => {
			const ours = kind !== 'entry-point' && !importer.includes('node_modules');
			return ours ? { path: requested, external: true } : undefined;
		});
	},
};

/** The client's web sockets and streams (with msgpack, robot3 and an SSE parser) are never used here. */
const withoutRealtime = {
	name: 'without-realtime',
	setup({ onLoad }) {
		onLoad({ filter: /@fal-ai\/client\/src\/realtime\.js$/ }, () => ({
			contents: 'exports.createRealtimeClient = () => undefined;',
		}));
		onLoad({ filter: /@fal-ai\/client\/src\/streaming\.js$/ }, () => ({
			contents: 'exports.createStreamingClient = () => ({}); exports.FalStream = class {};',
		}));
	},
};

/** What is inlined, for tools that look for known holes in it: shipped beside the licences. */
const billOfMaterials = cyclonedxEsbuildPlugin({
	outputFile: 'sbom.cdx.json',
	mcType: 'library',
	// The same sources make the same tarball: no date, no random serial number.
	outputReproducible: true,
	validate: true,
	// It throws what is wrong anyway.
	logLevel: 'silent',
});

/** Icons, and the files by which n8n's node panel finds the nodes. */
function assets() {
	return gulp
		.src(
			SOURCES.flatMap((folder) => `${folder}/**/*.{svg,png,json}`),
			{ base: '.', encoding: false },
		)
		.pipe(gulp.dest('dist'));
}

/** The licences of what is inlined ask to be passed on with it. */
async function licences() {
	const texts = await Promise.all([...inlined].sort().map(licenceOf));
	await writeFile('dist/third-party-licenses.txt', texts.join('\n\n'));
}

async function licenceOf(name) {
	const folder = path.join('node_modules', name);
	const { version, license } = JSON.parse(
		await readFile(path.join(folder, 'package.json'), 'utf8'),
	);
	const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
	const text = file ? await readFile(path.join(folder, file), 'utf8') : license;
	return `${name} ${version}\n\n${text.trim()}`;
}

exports.build = gulp.series(clean, gulp.parallel(scripts, assets), licences);
