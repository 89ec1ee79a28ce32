/**
 * Whom a refusal concerns. A single 401, 403 or 404 may be a gateway's glitch, or concern one private model,
 * so it does not end the batch: the submit is tried again, and a refusal that may concern the account is
 * checked with another call that this key must be allowed to make.
 */
import { type Clock, SECOND } from '../clock';
import type { Failure } from '../failure';

/** Whether fal lets this key do anything at all. */
export type Access = 'granted' | 'refused' | 'unknown';

/** What the refusal closes. */
export type Reach = 'model' | 'account';

export class Refusals {
	#checking: Promise<Access> | undefined;
	#checkedAt = Number.NEGATIVE_INFINITY;

	/** @param checkAccess free, never throws; absent where nothing can be asked */
	constructor(
		private readonly clock: Clock,
		private readonly checkAccess: (() => Promise<Access>) | undefined,
	) {}

	/**
	 * Whom it concerns, if it persists.
	 *
	 * @param claimed what the status alone would say
	 * @returns `certain` when asking again would tell nothing new
	 */
	async judge(claimed: Reach, failure: Failure): Promise<{ reach: Reach; certain: boolean }> {
		if (claimed === 'model') return { reach: 'model', certain: false };
		if (isLocked(failure)) return { reach: 'account', certain: true };
		switch (await this.#access()) {
			case 'refused':
				return { reach: 'account', certain: true };
			case 'granted':
				return { reach: 'model', certain: false };
			case 'unknown':
				return { reach: 'account', certain: false };
		}
	}

	/** Refusals come in bursts: one check serves the whole burst. */
	async #access(): Promise<Access> {
		if (!this.checkAccess) return 'unknown';
		const isFresh = this.clock.now() - this.#checkedAt < CHECK_SERVES_FOR;
		if (!this.#checking || !isFresh) {
			this.#checkedAt = this.clock.now();
			this.#checking = this.checkAccess();
		}
		return await this.#checking;
	}
}

/** fal's words for an account that is out of credit: 403, "User is locked. Reason: Exhausted balance." */
export function isLocked({ statusCode, detail }: Failure): boolean {
	const isAboutMoney = typeof detail === 'string' && /locked|balance|credit/i.test(detail);
	return (statusCode === 403 || statusCode === 402) && isAboutMoney;
}

const CHECK_SERVES_FOR = 10 * SECOND;

/** How long a model's submits are held back before the next try: a gateway's glitch is over by then. */
export const ASK_AGAIN_AFTER = 2 * SECOND;
