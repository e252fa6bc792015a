import { WAIT_LIMIT_MS } from "../limits.ts";

type Checked<T> = T | undefined | false;

/** Waits until `check` gives, or resolves to, something true; fails after `limitMs` with `what` and, when given, `state`. */
export async function until<T>(
  what: string,
  check: () => Checked<T> | Promise<Checked<T>>,
  limitMs = WAIT_LIMIT_MS,
  state?: () => string,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) {
      throw new Error(`not within ${limitMs / 1000} s: ${what}${state === undefined ? "" : `\n${state()}`}`);
    }
    await Bun.sleep(20);
  }
}

/** Fails with `what` when `promise` takes longer than `limitMs`. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  limitMs = WAIT_LIMIT_MS,
  state?: () => string,
): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    limit.reject(new Error(`not within ${limitMs / 1000} s: ${what}${state === undefined ? "" : `\n${state()}`}`));
  }, limitMs);
  try {
    return await Promise.race([promise, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
