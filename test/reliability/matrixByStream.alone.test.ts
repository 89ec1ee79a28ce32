/**
 * The cells of the fault matrix for the calls of Fal Batch, with Follow Jobs By: Status Stream. Each of them
 * ends as it does by polling; and so does a job whose stream, or stream and looks, are struck by any fault.
 *
 * A few cells are tried; `CELLS='^Stream: HTTP 408'` tries those only, `CELLS=.` all of them, in a quarter of an hour.
 */
import pLimit from 'p-limit';
import { STREAM_FAULTS, type StreamFault } from '../local-fal/streamFaults';
import * as calls from './matrix/batchCalls';
import { audit, ending, isStruck, type StruckCall, type Trial, tryCell } from './matrix/cell';
import { EXPECTED } from './matrix/expectations';
import { FAULT_NAMES, type FaultName, HANGING, type Lasting, LASTINGS } from './matrix/faults';
import { lookUp, reuse } from './matrix/history';
import { strike } from './matrix/strike';

const AT_ONCE = 150;
const PATIENCE = 900_000;
const ONLY = process.env.CELLS === undefined ? undefined : new RegExp(process.env.CELLS);
/** As in the matrix itself. */
const SHORT_TIMEOUT = { itemTimeout: 3 };

/** Stream and looks: neither tells anything, so it is as if looks alone were struck. */
const everyWayToHear: StruckCall = {
	name: 'Stream and looks',
	setting: '',
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		const after = { call: 'submit', where: isStruck } as const;
		// A fal that is gone is gone for both.
		const struck =
			fault === 'connection refused'
				? undefined
				: strike(fal, fault, lasting, { call: 'status_stream', where: isStruck, after });
		const alsoStruck = strike(fal, fault, lasting, { call: 'status', where: isStruck, after });
		const options = lasting === 'staying' ? SHORT_TIMEOUT : {};
		const outcome = await calls.runBatch(trial, {}, options);
		struck?.end();
		alsoStruck.end();
		return ending(audit(trial, outcome));
	},
};

const stream: StruckCall = {
	name: 'Stream',
	setting: '',
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		const after = { call: 'submit', where: isStruck } as const;
		const struck = strike(fal, fault, lasting, { call: 'status_stream', where: isStruck, after });
		const options = fault === 'connection refused' && lasting === 'staying' ? SHORT_TIMEOUT : {};
		const outcome = await calls.runBatch(trial, {}, options);
		struck.end();
		return ending(audit(trial, outcome));
	},
};

interface Cell {
	readonly name: string;
	readonly isQuick: boolean;
	readonly expected: string;
	tryIt(): ReturnType<typeof tryCell>;
}

const AS_BY_POLLING = {
	submit: calls.submit,
	status: everyWayToHear,
	result: calls.result,
	resultOfFailure: calls.resultOfFailure,
	cancel: calls.cancel,
	lookUp,
	reuse,
} as const;

const byPolling = Object.entries(AS_BY_POLLING).flatMap(([column, call]) =>
	cellsOf(call, (fault, place) => EXPECTED[column as keyof typeof AS_BY_POLLING][fault][place]!),
);

const ofTheStream = cellsOf(stream, (fault, place) =>
	fault === 'connection refused' ? EXPECTED.status[fault][place]! : 'completed',
);

/** Faults that only a stream can have, all through the run. */
const ownFaults = STREAM_FAULTS.map((fault): Cell => {
	const call: StruckCall = {
		name: 'Stream',
		setting: '',
		async tryOut(trial) {
			trial.fal.schedule({ call: 'status_stream', answer: fault satisfies StreamFault });
			return ending(audit(trial, await calls.runBatch(trial)));
		},
	};
	return {
		name: `Stream: ${fault}`,
		isQuick: fault === 'stream_cut' || fault === 'stream_garbage',
		expected: 'completed',
		tryIt: async () => await tryCell(byStream(call), 'HTTP 500', 'staying'),
	};
});

function cellsOf(
	call: StruckCall,
	expected: (fault: FaultName, place: number) => string,
): readonly Cell[] {
	return FAULT_NAMES.flatMap((fault, row) =>
		LASTINGS.map(
			(lasting: Lasting, place): Cell => ({
				name: `${call.name}: ${fault}, ${lasting}`,
				isQuick: lasting === 'passing' && row % 8 === 1 && !HANGING.has(fault),
				expected: expected(fault, place),
				tryIt: async () => await tryCell(byStream(call), fault, lasting),
			}),
		),
	);
}

/** Every run in it follows by stream. */
function byStream(call: StruckCall): StruckCall {
	const tryOut = async (trial: Trial) =>
		await call.tryOut({ ...trial, options: { followJobsBy: 'statusStream' } });
	return { ...call, tryOut };
}

it(
	'every cell ends as it does by polling',
	async () => {
		const slots = pLimit(AT_ONCE);
		const all = [...byPolling, ...ofTheStream, ...ownFaults];
		const chosen = all.filter(({ name, isQuick }) => (ONLY ? ONLY.test(name) : isQuick));
		const verdicts = await Promise.all(
			chosen.map(({ name, expected, tryIt }) =>
				slots(async () => {
					const { seen, complaints } = await tryIt();
					const difference = seen !== expected && `expected "${expected}", but saw "${seen}"`;
					return [difference, ...complaints].filter(Boolean).map((what) => `${name}: ${what}`);
				}),
			),
		);
		const wrong = verdicts.filter((differences) => differences.length > 0);
		process.stderr.write(
			`matrix by stream: ${verdicts.length} cells tried, ${verdicts.length - wrong.length} as by polling\n`,
		);
		expect(wrong.flat()).toEqual([]);
	},
	PATIENCE,
);
