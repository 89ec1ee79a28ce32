/**
 * Whether fal can't call this n8n, as far as its address shows: fal drops callbacks to private addresses
 * before sending them.
 */
export function isOutOfFalsReach(address: string): boolean {
	if (!URL.canParse(address)) return true;
	const { hostname } = new URL(address);
	return PRIVATE_HOSTS.some((pattern) => pattern.test(hostname));
}

const PRIVATE_HOSTS = [
	/^localhost$/,
	/\.(local|localhost|internal|lan)$/,
	/^(0|10|127)\.\d+\.\d+\.\d+$/,
	/^(192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.\d+\.\d+$/,
	/^\[(::1\]|f[cd]|fe80)/,
];
