/** Why a file could not be had. */
export interface Missed {
	readonly kind: 'missed';
	readonly type: string;
	readonly message: string;
	/** Whether the next try may do better. */
	readonly mayPass: boolean;
	readonly statusCode?: number;
}

/** @param length where it is known */
export function tooLarge(most: number, length?: number): Missed {
	const size = length === undefined ? 'it' : `it has ${inMegabytes(length)} MB, which`;
	return final('too_large', `${size} is more than Max File Size (${inMegabytes(most)} MB)`);
}

function inMegabytes(bytes: number): string {
	return String(Math.round(bytes / 10_000) / 100);
}

export function final(type: string, message: string): Missed {
	return { kind: 'missed', type, message, mayPass: false };
}

export function passing(type: string, message: string): Missed {
	return { kind: 'missed', type, message, mayPass: true };
}
