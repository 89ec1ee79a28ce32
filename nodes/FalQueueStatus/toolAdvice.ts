/** What an AI Agent that uses Fal Queue Status is told to do next about a request. */
import type { Told } from '../n8n/toolAnswer';

export function adviseOnLooking({ fields, outcome, type, isRetryable }: Told): string | undefined {
	const { status } = fields;
	if (status === 'IN_QUEUE' || status === 'IN_PROGRESS') {
		return 'The job is not done yet, and is paid for. Look at the same request ID again later; do not generate it again.';
	}
	if (status === 'NOT_FOUND') {
		return 'fal does not know this request (any more). Do not try again; check the request ID and the model, or tell the user.';
	}
	switch (outcome) {
		case undefined:
			return undefined;
		case 'failed':
			return isRetryable
				? 'The job is over. Its prompt may be generated once more.'
				: 'The job is over. Do not generate the same prompt again: it would fail, and may be billed, again.';
		default:
			return isRetryable || NOT_ANSWERED.has(type ?? '')
				? 'Nothing is known of the job. Look again later; do not generate it again.'
				: 'Nothing more can be learned of the request. Do not look again; check the request ID and the model, or tell the user.';
	}
}

/** fal gave no answer about the job, which may be running or done: another look may bring one. */
const NOT_ANSWERED = new Set(['not_seen', 'result_not_read']);
