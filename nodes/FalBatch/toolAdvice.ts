/** What an AI Agent that uses Fal Batch is told to do next: whether to call, and pay, again. */
import type { Told } from '../n8n/toolAnswer';

export function adviseOnGenerating({ fields, outcome, isRetryable }: Told): string | undefined {
	const { request_id: id, status } = fields;
	switch (outcome) {
		case undefined:
			return status === 'IN_QUEUE'
				? `The job is accepted and will be billed, but not done. Its result can be fetched later by its request ID ${id}. Do not call again for this prompt.`
				: undefined;
		case 'not_submitted':
			return isRetryable
				? 'Nothing was generated or billed. It may be tried once more.'
				: 'Nothing was generated or billed. Do not call again with the same input: correct it first, or tell the user.';
		case 'failed':
			return isRetryable
				? 'It may be tried once more.'
				: 'Do not call again for this prompt: it would fail, and may be billed, again. Change the prompt, or tell the user.';
		default:
			return id
				? `Do not call again for this prompt: the job may be running or done, and may be billed. Tell the user its request ID ${id}.`
				: 'Do not call again for this prompt: the job may be running or done, and may be billed. Tell the user.';
	}
}
