import { RecentSamples } from '../../../nodes/engine/following/recentSamples';

it('nothing is known of no samples', () => {
	const samples = new RecentSamples();
	expect([samples.least, samples.lowerQuartile]).toEqual([undefined, undefined]);
});

it('the least, and the one that a quarter is below', () => {
	const samples = new RecentSamples();
	for (const sample of [70, 10, 100, 30, 50, 20, 9, 80]) samples.add(sample);
	expect([samples.least, samples.lowerQuartile]).toEqual([9, 20]);
	samples.add(5);
	expect([samples.least, samples.lowerQuartile]).toEqual([5, 10]);
});

it('the last fifty are kept', () => {
	const samples = new RecentSamples();
	samples.add(1);
	for (let sample = 0; sample < 49; sample++) samples.add(100);
	expect(samples.least).toBe(1);
	samples.add(100);
	expect(samples.least).toBe(100);
});
