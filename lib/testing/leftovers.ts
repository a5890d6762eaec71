import type { Calls } from './calls.js';
import { nameOfMessage } from './transcript.js';
import type { TestWorld } from './test-world.js';

/** What a test has left open. */
export class LeftoverError extends Error {
  constructor(
    /** A line for each call that has not ended, and for each message that was not dealt with. */
    readonly leftovers: readonly string[],
  ) {
    super(`The test has left something open:${listed(leftovers)}`);
    this.name = 'LeftoverError';
  }
}

/** Throws {@link LeftoverError} if there is a call without an end, or a message that was not dealt with. */
export function assertNothingOpen(world: TestWorld, calls: Calls): void {
  const leftovers = openIn(world, calls);
  if (leftovers.length > 0) throw new LeftoverError(leftovers);
}

/** Each in a line of its own, behind a title. */
export function listed(lines: readonly string[]): string {
  return lines.map((line) => `\n  - ${line}`).join('');
}

/** A line for each call without an end, and for each message that was not dealt with. */
export function openIn(world: TestWorld, calls: Calls): string[] {
  const messages = world.deliveries.open.map(
    ({ sent, group, place: { topic, partition, offset } }) =>
      `the ${nameOfMessage(world.log.messagesIn(sent)[0])} is not dealt with by ${group.slice(world.prefix.length)} yet (${topic}[${partition}]@${offset}): ` +
      'its handler runs, or waits for another attempt',
  );
  return [...calls.open, ...messages];
}
