import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { validate, version } from 'uuid';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { MessageIds } from '../../../lib/protocol/message-ids.js';

afterEach(() => void jest.restoreAllMocks());

/** The ids that are made while the clock shows these times, one for each. */
function idsAt(ids: MessageIds, times: readonly number[]): string[] {
  const clock = jest.spyOn(Date, 'now');
  return times.map((time) => {
    clock.mockReturnValue(time);
    return ids.next();
  });
}

/** Whether each is greater than the one before it: then no two are the same. */
function ascend(ids: readonly string[]): boolean {
  return ids.every((id, index) => index === 0 || id > ids[index - 1]);
}

const NOW = 1_800_000_000_000;

describe('MessageIds', () => {
  it('makes version 7 UUIDs that say when', () => {
    const [id] = idsAt(new MessageIds(systemEnvironment), [NOW]) as [string];
    expect(validate(id)).toBe(true);
    expect(version(id)).toBe(7);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(NOW);
  });

  it('makes no id twice, and each greater than the one before', () => {
    const ids = new MessageIds(systemEnvironment);
    expect(ascend(Array.from({ length: 100_000 }, () => ids.next()))).toBe(true);
  });

  it('does so when the clock stands still or goes back', () => {
    const times = [NOW, NOW, NOW - 5_000, NOW - 1, NOW, NOW + 1, NOW + 1, NOW - 60_000];
    expect(ascend(idsAt(new MessageIds(systemEnvironment), times))).toBe(true);
  });

  it.each([0, 1, 2, 3])('does so when the counter starts again, %i ids on', (before) => {
    const ids = idsAt(new MessageIds(systemEnvironment, 2 ** 32 - 1 - before), Array<number>(8).fill(NOW));
    expect(ascend(ids)).toBe(true);
    const times = [NOW, NOW, NOW + 1, NOW + 1, NOW + 1, NOW, NOW + 2, NOW + 2];
    expect(ascend(idsAt(new MessageIds(systemEnvironment, 2 ** 32 - 1 - before), times))).toBe(true);
  });

  it('knows its own, whenever they were made, and no others', () => {
    const [mine, others] = [new MessageIds(systemEnvironment), new MessageIds(systemEnvironment)];
    for (let count = 0; count < 1_000; count += 1) {
      expect(mine.isOwn(Buffer.from(mine.next()))).toBe(true);
      expect(mine.isOwn(Buffer.from(others.next()))).toBe(false);
    }
  });

  it.each([
    ['nothing', (id: string) => Buffer.from(id.slice(36))],
    ['less', (id: string) => Buffer.from(id.slice(1))],
    ['more', (id: string) => Buffer.from(`0${id}`)],
    ['the end alone', (id: string) => Buffer.from(id.slice(26))],
    ['another case', (id: string) => Buffer.from(id.toUpperCase().replace(/\d/g, 'A'))],
  ])('takes %s for no id of its own', (_, change) => {
    const ids = new MessageIds(systemEnvironment);
    expect(ids.isOwn(change(ids.next()))).toBe(false);
  });
});
