/** What says which packages are in dist says the same: the code itself, the SBOM, the licences. */
import { readdirSync, readFileSync } from 'node:fs';

interface Sbom {
	readonly bomFormat: string;
	readonly specVersion: string;
	readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
	readonly components: ReadonlyArray<{
		readonly group?: string;
		readonly name: string;
		readonly version: string;
		readonly purl: string;
		readonly licenses: ReadonlyArray<{ readonly license: { readonly id?: string } }>;
	}>;
}

const sbom = JSON.parse(readFileSync('dist/sbom.cdx.json', 'utf8')) as Sbom;
const nameOf = ({ group, name }: Sbom['components'][number]) => (group ? `${group}/${name}` : name);
const listed = sbom.components.map((one) => `${nameOf(one)} ${one.version}`).sort();

/** esbuild's maps name the source of every line that is in dist. */
function inlined(): string[] {
	const maps = readdirSync('dist', { recursive: true, encoding: 'utf8' }).filter((file) =>
		file.endsWith('.js.map'),
	);
	const names = new Set<string>();
	for (const file of maps) {
		const { sources } = JSON.parse(readFileSync(`dist/${file}`, 'utf8')) as { sources: string[] };
		for (const source of sources) {
			const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1];
			if (name) names.add(name);
		}
	}
	return [...names].map((name) => {
		const { version } = JSON.parse(
			readFileSync(`node_modules/${name}/package.json`, 'utf8'),
		) as { version: string };
		return `${name} ${version}`;
	});
}

it('the SBOM is CycloneDX, and of this package', () => {
	const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as Sbom['metadata']['component'];
	expect([sbom.bomFormat, sbom.specVersion]).toEqual(['CycloneDX', '1.6']);
	expect(sbom.metadata.component).toMatchObject({ name, version });
});

it('the SBOM lists the packages whose code is in dist, and no others', () => {
	expect(listed.length).toBeGreaterThan(0);
	expect(listed).toEqual(inlined().sort());
});

it('each of them has an address that scanners know, and a licence', () => {
	for (const one of sbom.components) {
		expect(one.purl).toContain(`pkg:npm/${nameOf(one).replace('@', '%40')}@${one.version}`);
		expect(one.licenses.map(({ license }) => license.id)).not.toContain(undefined);
		expect(one.licenses).not.toEqual([]);
	}
});

it('the licences are those of the packages in the SBOM', () => {
	const text = readFileSync('dist/third-party-licenses.txt', 'utf8');
	const titles = text.match(/^(@[\w-]+\/)?[\w.-]+ \d+\.\d+\.\d+$/gm) ?? [];
	expect([...titles].sort()).toEqual(listed);
});

it('the same sources make the same SBOM: no date, no random number', () => {
	expect(sbom).not.toHaveProperty('serialNumber');
	expect(sbom.metadata).not.toHaveProperty('timestamp');
});
