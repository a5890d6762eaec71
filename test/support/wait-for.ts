import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, in the words of the error. */
  readonly what: string;
  /** 20 s by default: far more than it takes, for a machine that is busy or stands still. */
  readonly timeoutMs?: number;
}

/**
 * Polls until the condition yields something truthy, and resolves with that.
 *
 * @throws an error that names what did not happen; its `cause` is the condition's last own error, if any
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 20_000 }: WaitOptions,
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, null | undefined | false>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(20);
  } while (Date.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, { cause });
}
