/**
 * Why a job did not end well, in fal's own words.
 *
 * fal has three families of error bodies (`detail` as text, `detail` as a list of field errors,
 * `error.message`); all are read here, once, into one shape. The lists of what is transient are
 * fal's: https://fal.ai/docs/documentation/model-apis/request-errors.md and .../errors.md
 */
import { isRecord } from './isRecord';
import type { ReplyHeaders } from './transport';

export interface Failure {
	/** fal's `error_type` or field error `type` where it gave one, else one of ours. */
	readonly type: string;
	/** A sentence for the person at the canvas. */
	readonly message: string;
	readonly statusCode?: number;
	/** fal's `detail`, as it came, long texts shortened. */
	readonly detail?: unknown;
	/** Whether the same input may succeed when it is submitted again. */
	readonly retryable: boolean;
}

/** Infrastructure errors: by the time they surface, fal's own retries are used up. */
const TRANSIENT_REQUEST_ERRORS = new Set([
	'request_timeout',
	'startup_timeout',
	'runner_scheduling_failure',
	'runner_connection_timeout',
	'runner_disconnected',
	'runner_connection_refused',
	'runner_connection_error',
	'runner_incomplete_response',
	'runner_server_error',
	'internal_error',
]);

/** Model errors that may be transient; fal says so per answer, in a header. */
const TRANSIENT_MODEL_ERRORS = new Set([
	'internal_server_error',
	'generation_timeout',
	'downstream_service_error',
	'downstream_service_unavailable',
]);

/** Reads an error answer of fal. `body` is whatever JSON or text came with it. */
export function readFailure(status: number, headers: ReplyHeaders, body: unknown): Failure {
	const said = whatFalSaid(body);
	const type = headers['x-fal-error-type'] ?? said.type ?? typeOfStatus(status);
	return {
		type,
		message: said.message ?? messageOfStatus(status),
		statusCode: status,
		...(said.detail !== undefined && { detail: shortened(said.detail) }),
		retryable: isTransient(status, type, headers),
	};
}

/**
 * What the status of a job says about its failure. Without the headers of an answer, only fal's own errors
 * are known to be transient.
 *
 * @returns nothing when it mentions none
 */
export function readToldFailure({ error, errorType }: ToldFailure): Failure | undefined {
	if (error === undefined && errorType === undefined) return undefined;
	return {
		type: errorType ?? 'job_failed',
		message: error === undefined ? 'fal gave no reason' : shortText(error),
		retryable: errorType !== undefined && TRANSIENT_REQUEST_ERRORS.has(errorType),
	};
}

interface ToldFailure {
	readonly error?: string;
	readonly errorType?: string;
}

/** Makes fal's text a sentence that another can follow. */
export function endSentence(message: string): string {
	return /[.!?]$/.test(message) ? message : `${message}.`;
}

function isTransient(status: number, type: string, headers: ReplyHeaders): boolean {
	// The start timeout was the user's own wish.
	if (headers['x-fal-request-timeout-type'] === 'user') return false;
	if (status < 500 && type !== 'downstream_service_error') return false;
	const asked = headers['x-fal-needs-retry'] ?? headers['x-fal-retryable'];
	if (asked !== undefined) return asked === '1' || asked === 'true';
	return TRANSIENT_REQUEST_ERRORS.has(type) || TRANSIENT_MODEL_ERRORS.has(type);
}

interface Said {
	type?: string | undefined;
	message?: string | undefined;
	detail?: unknown;
}

function whatFalSaid(body: unknown): Said {
	if (typeof body === 'string') return { message: shortText(body.trim()) || undefined };
	if (!isRecord(body)) return {};
	const { detail, error, error_type: errorType, type } = body;
	const named = text(errorType) ?? text(type);
	if (Array.isArray(detail)) {
		const first: unknown = detail[0];
		return {
			type: named ?? (isRecord(first) ? text(first.type) : undefined),
			message: detail.map(fieldError).filter(Boolean).join('; ') || undefined,
			detail,
		};
	}
	if (typeof detail === 'string') return { type: named, message: shortText(detail), detail };
	if (isRecord(error)) {
		return { type: text(error.type), message: text(error.message), detail: error };
	}
	if (typeof error === 'string') return { type: named, message: shortText(error), detail };
	return { type: named, message: text(body.message), detail };
}

/** `prompt: Field required`, as in pydantic: where, then what. */
function fieldError(entry: unknown): string {
	if (!isRecord(entry)) return text(entry) ?? '';
	const where = Array.isArray(entry.loc) ? entry.loc.filter((part) => part !== 'body') : [];
	const what = text(entry.msg) ?? text(entry.type) ?? '';
	return where.length > 0 ? `${where.join('.')}: ${what}` : what;
}

function typeOfStatus(status: number): string {
	return STATUS_TYPES[status] ?? (status >= 500 ? 'server_error' : 'request_rejected');
}

const STATUS_TYPES: Readonly<Record<number, string>> = {
	401: 'unauthorized',
	403: 'forbidden',
	404: 'not_found',
	408: 'request_timeout',
	422: 'invalid_input',
	429: 'too_many_requests',
};

function messageOfStatus(status: number): string {
	return `fal answered with HTTP status ${status} and no explanation`;
}

/** Long enough for every message of fal's; nobody needs more of an HTML page or an echoed image. */
const LONGEST_TEXT = 2_000;

function shortText(value: string): string {
	return value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}...` : value;
}

/** fal echoes the input in field errors; an image sent as a data URI would come back with each. */
function shortened(value: unknown, depth = 0): unknown {
	if (typeof value === 'string') return shortText(value);
	if (depth > 8) return '...';
	if (Array.isArray(value)) return value.slice(0, 100).map((entry) => shortened(entry, depth + 1));
	if (!isRecord(value)) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, entry]) => [key, shortened(entry, depth + 1)]),
	);
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? shortText(value) : undefined;
}
