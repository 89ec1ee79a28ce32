/**
 * The two sizes of a test. `npm test` tries the quick one; `npm run test:long` sets `LONG=1`, and runs
 * the test files that import this module: it finds them by that.
 */
export const LONG = process.env.LONG === '1';

/**
 * How many of something are tried.
 *
 * @param variable of the environment that says another number, for a long night
 */
export function howMany(variable: string, sizes: { quick: number; long: number }): number {
	const wanted = process.env[variable];
	return wanted === undefined ? (LONG ? sizes.long : sizes.quick) : Number(wanted);
}

/**
 * Where random schedules begin. The quick size tries the same ones each time, so that a change that is
 * not to blame is not blamed; the long size tries others each time, and `.ci/run` others for each state of
 * the files. `SEED=...` repeats a run.
 */
export const SEED = Number(process.env.SEED ?? (LONG ? Date.now() % 2 ** 31 : 1));
