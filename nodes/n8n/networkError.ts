/** Why a request got no answer, and whether it may have arrived: if it may, a submit is not sent again. */
import { isRecord } from '../engine/isRecord';
import type { HttpOutcome } from '../fal/http';

/** There is no answer. */
export type Unanswered = Extract<HttpOutcome, { kind: 'unsent' | 'lost' }>;

/** n8n wraps the network error in one of its own; the code is somewhere in the chain of causes. */
export function readNetworkError(error: unknown): Unanswered {
	for (let cause = error, depth = 0; isRecord(cause) && depth < 8; cause = cause.cause, depth++) {
		const code = typeof cause.code === 'string' ? cause.code : '';
		const early = BEFORE_SENDING[code];
		if (early || cause.syscall === 'connect') return { kind: 'unsent', reason: early ?? code };
		if (isOfDatabase(cause)) return { kind: 'unsent', reason: 'n8n’s database did not answer' };
		if (isRefusedByN8n(cause)) return { kind: 'unsent', reason: messageOf(cause) };
		const late = AFTER_SENDING[code];
		if (late) return { kind: 'lost', reason: late };
	}
	return { kind: 'lost', reason: 'the connection failed' };
}

/** Codes of errors before a connection is established: nothing of the request has left. */
const BEFORE_SENDING: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'the connection was refused',
	ENOTFOUND: 'the host name is unknown',
	EAI_AGAIN: 'the host name could not be looked up',
	EHOSTUNREACH: 'the host is unreachable',
	ENETUNREACH: 'the network is unreachable',
	ERR_INVALID_URL: 'the address is not valid',
	CERT_HAS_EXPIRED: 'the TLS certificate has expired',
	DEPTH_ZERO_SELF_SIGNED_CERT: 'the TLS certificate is self-signed',
	SELF_SIGNED_CERT_IN_CHAIN: 'the TLS certificate is self-signed',
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the TLS certificate can’t be verified',
	ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate is for another host',
};

const AFTER_SENDING: Readonly<Record<string, string>> = {
	ECONNRESET: 'the connection was reset',
	EPIPE: 'the connection was closed',
	ECONNABORTED: 'the time was over',
	ETIMEDOUT: 'the time was over',
	ERR_CANCELED: 'the execution was stopped',
};

/**
 * n8n reads the credential from its database for each request, before anything is sent. TypeORM's error has
 * the driver's in it; without a connection, the driver's own error (pg, pg-pool) comes as it is.
 */
function isOfDatabase({ driverError, message }: Record<string, unknown>): boolean {
	return driverError !== undefined || NO_DATABASE.test(String(message));
}

const NO_DATABASE = /^(Connection terminated|timeout exceeded when trying to connect)/;

/** What n8n itself refuses (its SSRF policy, a missing credential), it refuses before anything is sent. */
function isRefusedByN8n(error: Record<string, unknown>): boolean {
	return REFUSALS_OF_N8N.has(error.constructor.name);
}

const REFUSALS_OF_N8N = new Set([
	'SsrfBlockedIpError',
	'SsrfBlockedHostnameError',
	'NodeOperationError',
]);

function messageOf(error: Record<string, unknown>): string {
	return typeof error.message === 'string' ? error.message : 'n8n did not send the request';
}
