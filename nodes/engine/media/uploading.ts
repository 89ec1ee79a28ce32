/** What a batch knows of uploads: an input with files in it becomes one with their addresses. */
import type { Failure } from '../failure';
import type { Submission } from '../transport';

export type Uploaded =
	| { readonly kind: 'ready'; readonly submission: Submission }
	/** For certain, nothing reached fal: connection refused, unknown host. */
	| { readonly kind: 'unsent'; readonly reason: string }
	/** fal takes nothing with this key. */
	| { readonly kind: 'refused'; readonly failure: Failure }
	/** After a few tries; nothing was submitted. */
	| { readonly kind: 'failed'; readonly failure: Failure };

export interface Uploads {
	/** Never throws. The same bytes are uploaded once, whichever job they are for. */
	upload(submission: Submission): Promise<Uploaded>;
}
