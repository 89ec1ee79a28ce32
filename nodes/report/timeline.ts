/**
 * The batch over time as plain SVG: a line for each job (waiting, working, by colour how it ended), how
 * many were in flight, and when fal pushed back or was not there. One path for each colour: a thousand jobs
 * are drawn as quickly as ten.
 */
import { SECOND } from '../engine/clock';
import type { EndedJob } from '../engine/job';
import {
	type BatchResult,
	inferenceTimeOf,
	isReused,
	type Summary,
} from '../engine/summing/summary';

const WIDTH = 1_000;
const CURVE = 80;
const AXIS = 22;
/** More lines than this are not told apart on a screen. */
const MOST_LINES = 1_500;

export function timeline(result: BatchResult, summary: Summary): string {
	const { ended, startedAt, elapsed, progress } = result;
	const drawn = ended.filter((job) => job.submittedAt !== undefined && !isReused(job));
	if (drawn.length === 0 || elapsed <= 0) return '<p>No job was at fal.</p>';
	const jobs = everyNth(drawn, Math.ceil(drawn.length / MOST_LINES));
	const line = Math.min(8, Math.max(0.6, 560 / jobs.length));
	const x = (at: number) => place(((at - startedAt) / elapsed) * WIDTH);
	const paths = new Map<string, string[]>();
	const bar = (kind: string, from: number, to: number, row: number) => {
		const path = paths.get(kind) ?? [];
		paths.set(kind, path);
		const width = Math.max(0.5, x(to) - x(from));
		const top = place(CURVE + AXIS + row * line);
		path.push(`M${x(from)} ${top}h${place(width)}v${place(line * 0.8)}h-${place(width)}z`);
	};
	jobs.forEach((job, row) => drawJob(job, row, bar));
	const height = Math.ceil(CURVE + AXIS + jobs.length * line + 4);
	const marks = progress.happenings.map(
		({ at, kind }) => `<path class="${kind}" d="M${x(at)} 0v${CURVE}"/>`,
	);
	const bars = [...paths].map(([kind, path]) => `<path class="${kind}" d="${path.join('')}"/>`);
	return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="The jobs over time">${curve(summary, elapsed)}${[...new Set(marks)].slice(0, 500).join('')}${axis(elapsed)}${bars.join('')}</svg>${LEGEND}`;
}

const LEGEND =
	'<p class="legend"><i class="waiting"></i>waiting <i class="completed"></i>working, completed <i class="failed"></i>failed <i class="unknown"></i>unknown, cancelled or timed out <i class="pushback"></i>fal pushed back <i class="unreached"></i>fal was not there. Above: jobs in flight.</p>';

function drawJob(
	job: EndedJob,
	row: number,
	bar: (kind: string, from: number, to: number, row: number) => void,
): void {
	const { submittedAt = job.endedAt, endedAt, ending } = job;
	const worked = inferenceTimeOf(job);
	const began =
		worked === undefined ? submittedAt : Math.max(submittedAt, endedAt - worked * SECOND);
	if (began > submittedAt) bar('waiting', submittedAt, began, row);
	bar(colourOf(ending.outcome), began, endedAt, row);
}

function colourOf(outcome: EndedJob['ending']['outcome']): 'completed' | 'failed' | 'unknown' {
	if (outcome === 'completed' || outcome === 'submitted') return 'completed';
	return outcome === 'failed' ? 'failed' : 'unknown';
}

function curve({ course }: Summary, elapsed: number): string {
	const most = course.reduce((peak, { inFlight }) => Math.max(peak, inFlight), 1);
	const points = course.map(({ at, inFlight }) => {
		const x = place(((at * SECOND) / elapsed) * WIDTH);
		return `${x} ${place(CURVE - (inFlight / most) * (CURVE - 12))}`;
	});
	return `<path class="in-flight" d="M0 ${CURVE}L${points.join('L')}L${WIDTH} ${CURVE}z"/><text x="4" y="10">${most} in flight</text>`;
}

function axis(elapsed: number): string {
	const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
		const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
		const text = timeText((elapsed * share) / SECOND);
		return `<text x="${share * WIDTH}" y="${CURVE + 14}" text-anchor="${anchor}">${text}</text>`;
	});
	return marks.join('');
}

function timeText(seconds: number): string {
	if (seconds < 120) return `${place(seconds)} s`;
	return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${place(seconds / 3_600)} h`;
}

function everyNth<Item>(items: readonly Item[], step: number): readonly Item[] {
	return step <= 1 ? items : items.filter((_, index) => index % step === 0);
}

/** A tenth of a point is as fine as it gets. */
function place(figure: number): number {
	return Math.round(figure * 10) / 10;
}
