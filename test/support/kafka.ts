import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe } from '@jest/globals';

/** The addresses of the broker the tests run against, `undefined` if there is none. */
export function kafkaBootstrap(): string[] | undefined {
  const bootstrap = process.env['KAFKA_BOOTSTRAP'];
  return bootstrap ? bootstrap.split(',') : undefined;
}

/** `describe` for what needs a real broker: skipped, and reported as such, when there is none. */
export function describeOnKafka(name: string, define: () => void): void {
  (kafkaBootstrap() ? describe : describe.skip)(name, define);
}

/** A name for a topic, service or group that no other test, process or earlier run uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

export interface WaitOptions {
  /** What is waited for, in the words of the error. */
  readonly what: string;
  /** 10 s by default. */
  readonly timeoutMs?: number;
}

/**
 * Polls until the condition yields something truthy, and resolves with that.
 *
 * @throws an error that names what did not happen; its `cause` is the condition's last own error, if any
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 10_000 }: WaitOptions,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(20);
  } while (Date.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, { cause });
}
