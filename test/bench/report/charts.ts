/** The charts, drawn without a browser. */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { FAL_BATCH, P_QUEUE, PEERS } from '../contenders';
import { type Figures, requestsPerJob } from '../figures';
import { type Row, wallOverIdeal } from '../rows';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** Those that a reader can take in at a glance: the ones that the goals are about, and a mixed bag. */
const SHOWN = [
	'usual',
	'jobs-60s',
	'long-tail',
	'two-models',
	'limit-2',
	'429-above-10',
	'items-1000',
];

/** Ours stands out; the peers are told apart by hue and stay behind. */
const COLOURS = ['#0b6e4f', '#3b7dd8', '#8fb8ed', '#c44536', '#e8b04a', '#9a8c98'];

/** Without a browser the width of a text can only be guessed: room is given instead. */
const LEGEND = { top: 8, itemGap: 36 };

/** Wall time and requests, every contender side by side. */
export function sideBySideChart(rows: readonly Row[]): string {
	const shown = SHOWN.flatMap((name) => rows.filter(({ scenario }) => scenario.name === name));
	const contenders = [
		{ name: FAL_BATCH, short: FAL_BATCH },
		...PEERS.map(({ name, short }) => ({ name, short })),
	];
	const bars = (panel: number, figure: (figures: Figures, row: Row) => number) =>
		contenders.map(({ name, short }, place) => ({
			type: 'bar' as const,
			name: short,
			xAxisIndex: panel,
			yAxisIndex: panel,
			itemStyle: { color: COLOURS[place] },
			barGap: '10%',
			label: { show: true, position: 'right' as const, fontSize: 10, color: '#333' },
			data: shown.map((row) => barOf(row.figures.get(name), (figures) => figure(figures, row))),
		}));
	return draw(1100, 900, {
		title: [
			{ text: 'Wall time over the ideal', left: 300, top: 40, textAlign: 'center' as const },
			{ text: 'Requests per job', left: 820, top: 40, textAlign: 'center' as const },
		].map((title) => ({ ...title, textStyle: { fontSize: 14 } })),
		legend: { ...LEGEND, data: contenders.map(({ short }) => short) },
		grid: [
			{ left: 190, width: 360, top: 70, bottom: 40 },
			{ left: 620, width: 410, top: 70, bottom: 40 },
		],
		xAxis: [0, 1].map((gridIndex) => ({
			type: 'log',
			gridIndex,
			min: 1,
			max: 200,
			axisLabel: { fontSize: 10 },
		})),
		yAxis: [0, 1].map((gridIndex) => ({
			type: 'category',
			gridIndex,
			inverse: true,
			data: shown.map(({ scenario }) => scenario.title.replaceAll(/, | and /g, '$&\n')),
			axisLabel: { show: gridIndex === 0, fontSize: 11 },
		})),
		series: [
			...bars(0, (figures, row) => wallOverIdeal(row, figures)),
			...bars(1, (figures) => requestsPerJob(figures)),
		],
	});
}

/** On an axis that begins at 1. */
const NO_BAR = 1.001;

/** A contender that lost items has no time to show: it did less work. */
function barOf(figures: Figures | undefined, figure: (figures: Figures) => number) {
	if (!figures) return { value: null };
	if (figures.lost > 0) {
		const share = Math.round((figures.lost / figures.items) * 100);
		return { value: NO_BAR, label: { formatter: `lost ${share} %`, color: '#a00' } };
	}
	const value = figure(figures);
	return { value, label: { formatter: value.toFixed(value < 10 ? 2 : 0) } };
}

/** What a job costs as batches grow. */
export function growthChart(rows: readonly Row[]): string {
	const contenders = [FAL_BATCH, P_QUEUE.name];
	const panels: { title: string; figure: (figures: Figures) => number | undefined }[] = [
		{ title: 'Requests per job', figure: requestsPerJob },
		{ title: 'CPU per job, ms', figure: ({ machine }) => machine?.cpuPerJob },
		{
			title: 'Peak live heap per job, kB',
			figure: ({ machine, items }) => machine && machine.heap / items / 1_000,
		},
	];
	return draw(1100, 380, {
		title: panels.map(({ title: text }, panel) => ({
			text,
			left: 60 + panel * 350,
			top: 40,
			textStyle: { fontSize: 14 },
		})),
		legend: { ...LEGEND, data: contenders },
		grid: panels.map((_, panel) => ({ left: 60 + panel * 350, width: 270, top: 80, bottom: 50 })),
		xAxis: panels.map((_, gridIndex) => ({
			type: 'category',
			gridIndex,
			name: 'items',
			nameLocation: 'middle',
			nameGap: 28,
			data: rows.map(({ scenario }) => scenario.items.toLocaleString('en')),
		})),
		yAxis: panels.map((_, gridIndex) => ({ type: 'value', gridIndex, min: 0 })),
		series: panels.flatMap(({ figure }, panel) =>
			contenders.map((name, place) => ({
				type: 'line' as const,
				name,
				xAxisIndex: panel,
				yAxisIndex: panel,
				symbolSize: 8,
				itemStyle: { color: COLOURS[place] },
				label: { show: true, position: place === 0 ? 'top' : 'bottom', fontSize: 10 },
				data: rows.map(({ figures }) => {
					const value = figures.has(name) ? figure(figures.get(name)!) : undefined;
					return value === undefined ? null : Number(value.toFixed(1));
				}),
			})),
		),
	});
}

function draw(width: number, height: number, option: EChartsCoreOption): string {
	const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
	chart.setOption({ animation: false, backgroundColor: '#fff', ...option });
	const svg = chart.renderToSVGString();
	chart.dispose();
	return svg;
}
