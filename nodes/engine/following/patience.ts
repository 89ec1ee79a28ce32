/**
 * How long we are patient with answers that bode ill. Counted in time, not in tries: three tries can pass
 * within a second, and trouble at a server rarely passes that quickly. The page for users is
 * docs/reliability.md.
 */
import { MINUTE, SECOND } from '../clock';

/**
 * For any answer that is not fal's own word on the job: a redirect, a gateway's page, a 401, a 404, a 2xx
 * that can't be read. A deployment or a change of addresses is over within five minutes; and fal keeps a
 * result of 10 KB or more for six, so waiting longer would find nothing there
 * (https://fal.ai/docs/api-reference/inference-api).
 */
export const ODD_ANSWER_PATIENCE = 6 * MINUTE;

/**
 * For an error that would make us pay again although the job's status mentioned none: it is believed when
 * nothing else is heard for this long. That is longer than the usual failover, and the job's slot is free
 * meanwhile.
 */
export const CONTRADICTION_PATIENCE = 2.5 * MINUTE;

/**
 * Where requests are only looked at, nobody pays again because of what we say: two answers some seconds apart
 * are enough.
 */
export const SECOND_OPINION = 10 * SECOND;

/** For someone who looks once and wants to know now. */
export const SHORT_PATIENCE = MINUTE;
