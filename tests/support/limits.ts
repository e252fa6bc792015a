/**
 * The longest that a test waits for something that has to come, ms. It ends a test that fails, and is no measure of
 * speed: a slow, busy machine has to be within it by far.
 */
export const WAIT_LIMIT_MS = 60_000;

/** The longest that one test takes, ms: longer than a wait, so that the wait's own message is the one that is shown. */
export const TEST_LIMIT_MS = 180_000;

/** What a slow, busy machine may add to the time that something takes. What is to be told from it takes longer by far. */
export const SLACK_MS = 8_000;
