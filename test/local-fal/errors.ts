/**
 * Every way in which a job can fail at fal, by the names and numbers of fal-queue.md 3.2 and 3.3.
 */
import type { JsonObject } from './json';

/** Failures of fal's own machinery, told as `{"detail", "error_type"}` (fal-queue.md 3.2). */
export const REQUEST_ERRORS = {
	request_timeout: { status: 504, detail: 'Request timed out' },
	startup_timeout: { status: 504, detail: 'The runner did not start in time' },
	runner_scheduling_failure: { status: 503, detail: 'No runner could be scheduled' },
	runner_connection_timeout: { status: 503, detail: 'Connecting to the runner timed out' },
	runner_disconnected: { status: 503, detail: 'The runner disconnected' },
	runner_connection_refused: { status: 503, detail: 'The runner refused the connection' },
	runner_connection_error: { status: 503, detail: 'The connection to the runner failed' },
	runner_incomplete_response: { status: 502, detail: 'The runner sent an incomplete response' },
	runner_server_error: { status: 500, detail: 'The runner failed' },
	internal_error: { status: 500, detail: 'Internal error' },
	client_disconnected: { status: 499, detail: 'The client disconnected' },
	client_cancelled: { status: 499, detail: 'The client cancelled the request' },
	bad_request: { status: 400, detail: 'Bad request' },
} as const satisfies Record<string, { status: number; detail: string }>;

export type RequestErrorType = keyof typeof REQUEST_ERRORS;

interface ModelError {
	readonly status: number;
	readonly msg: string;
	readonly ctx?: JsonObject;
	/** What `X-Fal-Needs-Retry` says. Only the first four may be worth another try. */
	readonly needsRetry: boolean;
}

const transient = (status: number, msg: string): ModelError => ({ status, msg, needsRetry: true });
const lasting = (msg: string, ctx?: JsonObject): ModelError => ({
	status: 422,
	msg,
	ctx,
	needsRetry: false,
});

/** Failures of the model, told as a list in `detail` (fal-queue.md 3.3). */
export const MODEL_ERRORS = {
	internal_server_error: transient(500, 'Internal server error'),
	generation_timeout: transient(504, 'The generation took too long.'),
	// 400 in the older text, 500 in the newer one: the newer one it is.
	downstream_service_error: transient(500, 'A downstream service answered with an error.'),
	downstream_service_unavailable: transient(500, 'A downstream service is unavailable.'),
	content_policy_violation: lasting(
		'The content could not be processed because it contained material flagged by a content checker.',
	),
	no_media_generated: lasting('The model did not generate the expected output for this prompt.'),
	image_too_small: lasting('The image is too small.', { min_height: 256, min_width: 256 }),
	image_too_large: lasting('The image is too large.', { max_height: 4096, max_width: 4096 }),
	image_load_error: lasting('The image could not be loaded.'),
	file_download_error: lasting('The file could not be downloaded.'),
	face_detection_error: lasting('No face was detected in the image.'),
	file_too_large: lasting('The file is too large.', { max_size: 10_485_760 }),
	greater_than: lasting('Input should be greater than 0', { gt: 0 }),
	greater_than_equal: lasting('Input should be greater than or equal to 1', { ge: 1 }),
	less_than: lasting('Input should be less than 5', { lt: 5 }),
	less_than_equal: lasting('Input should be less than or equal to 4', { le: 4 }),
	multiple_of: lasting('Input should be a multiple of 8', { multiple_of: 8 }),
	sequence_too_short: lasting('The sequence is too short.', { min_length: 1 }),
	sequence_too_long: lasting('The sequence is too long.', { max_length: 10 }),
	one_of: lasting('The value is not one of those allowed.', { expected: ['a', 'b'] }),
	feature_not_supported: lasting('The feature is not supported.'),
	invalid_archive: lasting('The archive is invalid.', { supported_extensions: ['.zip'] }),
	archive_file_count_below_minimum: lasting('The archive holds too few files.', {
		min_count: 4,
		provided_count: 1,
		supported_extensions: ['.png'],
	}),
	archive_file_count_exceeds_maximum: lasting('The archive holds too many files.', {
		max_count: 100,
		provided_count: 101,
		supported_extensions: ['.png'],
	}),
	audio_duration_too_long: lasting('The audio is too long.'),
	audio_duration_too_short: lasting('The audio is too short.'),
	video_duration_too_long: lasting('The video is too long.'),
	video_duration_too_short: lasting('The video is too short.'),
	unsupported_audio_format: lasting('Unsupported audio.', { supported_formats: ['mp3'] }),
	unsupported_image_format: lasting('Unsupported image.', { supported_formats: ['png'] }),
	unsupported_video_format: lasting('Unsupported video.', { supported_formats: ['mp4'] }),
} as const satisfies Record<string, ModelError>;

export type ModelErrorType = keyof typeof MODEL_ERRORS;
export type JobErrorType = RequestErrorType | ModelErrorType;

/** One entry of a model error's `detail` list (fal-queue.md 3.1). */
export type ErrorDetail = {
	loc: Array<string | number>;
	msg: string;
	type: string;
	url?: string;
	ctx?: JsonObject;
};

/** One entry as fal's models write it for their own error types. */
export function modelErrorDetail(type: ModelErrorType, loc: ErrorDetail['loc']): ErrorDetail {
	const { msg, ctx }: ModelError = MODEL_ERRORS[type];
	return { loc, msg, type, url: `https://docs.fal.ai/errors/#${type}`, ...(ctx && { ctx }) };
}

export function isRequestError(type: JobErrorType): type is RequestErrorType {
	return type in REQUEST_ERRORS;
}
