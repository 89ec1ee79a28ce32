/** What the soak and the process of its local fal tell each other. */
import type { CallKind, JobCounts } from '../../local-fal';
import type { BookedJob } from '../books';

export type FromFal =
	| { readonly kind: 'listening'; readonly baseUrl: string }
	/** Another so many jobs have been done with. */
	| { readonly kind: 'mark'; readonly ended: number }
	| { readonly kind: 'jobs'; readonly jobs: readonly BookedJob[] }
	| {
			readonly kind: 'sum';
			readonly calls: Readonly<Record<CallKind, number>>;
			readonly counts: JobCounts;
			readonly struck: { readonly calls: number; readonly jobs: number };
			readonly peakOpen: number;
	  };

/** Asks for the jobs, in several messages, and then the sum. */
export interface ToFal {
	readonly kind: 'close_the_books';
}
