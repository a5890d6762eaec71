import { expect, it, jest } from '@jest/globals';
import { AsyncCallsTesting, type SentMessage } from '../../../lib/testing/index.js';
import { BankModule, Ledger } from '../../support/tested-bank.js';

jest.setTimeout(120_000);

const FAULTS = { crashes: 2, outages: 2, lostSessions: 2, duplicates: 0.2, withinMs: 200 };

/** More than the transcript tells: also when, and by which partition. */
const placeOf = ({ atMs, topic, partition, key }: SentMessage) => `${atMs} ms ${topic}[${partition}] ${key}`;

it.each([
  ['a microservice', false, 15],
  ['an HTTP application', true, 5],
])('a seed decides everything that happens to %s, twice the same', async (_, http, seeds) => {
  const ledger = new Ledger();
  const tester = await AsyncCallsTesting.start(BankModule.with(ledger), {
    http,
    configure: (app) => app.useLogger(false),
  });
  const run = async (seed: number) => {
    ledger.entries.length = 0;
    let [transcript, places, hasFailed] = ['', [] as string[], false];
    await tester
      .explore({ seed, faults: FAULTS }, async (each) => {
        each.fake('oracle/answer').after(20).responds(42);
        const entries = [1, 2, 3];
        await Promise.allSettled([
          ...entries.map((entry) => each.emit('/book', entry, { key: 'one' })),
          ...entries.map((entry) => each.publish('booked', entry)),
          ...['/money', '/flaky', '/ask'].map((endpoint) => each.call(endpoint, 100)),
        ]);
        transcript = each.transcript();
        places = each.sent().map(placeOf);
      })
      .catch(() => (hasFailed = true));
    return { transcript, places, hasFailed, booked: [...ledger.entries] };
  };
  const transcripts = new Set<string>();
  for (let seed = 1; seed <= seeds; seed++) {
    const first = await run(seed);
    expect([seed, await run(seed)]).toEqual([seed, first]);
    transcripts.add(first.transcript);
  }
  // Else it would be no schedule that the seed decides.
  expect(transcripts.size).toBe(seeds);
  await tester.close();
});
