/**
 * What a node says about itself (hints, log lines, progress) must never cost what it has done: n8n drops
 * the output of a node that throws, and Retry On Fail then pays for it again. Older n8n has no execution
 * hints, and throws when it is given one as a tool.
 */
export function harmlessly(say: () => void): void {
	try {
		say();
	} catch {
		// There is nobody left to tell: the log itself may be what failed.
	}
}
