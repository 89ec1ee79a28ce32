/** The fault matrix as the page that users read: docs/reliability-matrix.md. */
import type { StruckCall } from './cell';
import { FAULT_NAMES, type FaultName, type Lasting, LASTINGS } from './faults';

/** What was seen in each cell, in the order of the columns and rows. */
export type Seen = ReadonlyMap<
	StruckCall,
	ReadonlyMap<FaultName, Readonly<Record<Lasting, string>>>
>;

export function pageOf(seen: Seen): string {
	const calls = [...seen.keys()];
	const cells = calls.length * FAULT_NAMES.length * LASTINGS.length;
	return `${INTRODUCTION.replace('%cells', String(cells))}\n${calls
		.map((call) => sectionOf(call, seen))
		.join('\n')}`;
}

const INTRODUCTION = `# The fault matrix

<!-- Written by test/reliability/matrix.alone.test.ts; see there before you change it. -->

What comes of every fault that can strike a call to fal, as seen on real sockets: the built node in n8n's
engine, against a local fal. \`npm run test:long -- matrix\` tries all %cells cells and
fails when one differs from this page; with \`WRITE_MATRIX=1\` in front it writes the page anew.

Each run has three items. The fault strikes the calls of one of them: the first call of its kind
(*passing*), or every one (*staying*). Where a submit, a cancel or a look may have been carried out in spite
of the answer, it was. In every cell it was checked, besides what the tables say:

- Each item came out once, and the other two as if nothing had happened (unless fal itself was gone).
- No job was generated twice, and no request ID was lost that fal gave out.
- The second call never came before a \`Retry-After\` was over.
- The API key was in nothing that was written: outputs, errors, hints, logs, execution data.

Outcomes are those of [Fal Batch](nodes/fal-batch.md#what-comes-out): \`unknown\` means that the job may be at fal and may be billed.
`;

function sectionOf(call: StruckCall, seen: Seen): string {
	const rows = FAULT_NAMES.map((fault) => {
		const { passing, staying } = seen.get(call)!.get(fault)!;
		return `| ${fault} | ${passing} | ${staying} |`;
	});
	return `## ${call.name}

${call.setting}

| Fault | Passing | Staying |
|---|---|---|
${rows.join('\n')}
`;
}
