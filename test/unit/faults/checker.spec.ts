import { describe, expect, it } from '@jest/globals';
import { checkHistory, type RULES } from '../../e2e/faults/checker/check-history.js';
import type { HistoryEvent } from '../../e2e/faults/history/events.js';
import { committed, ended, history, received, run, type SceneCall, sent, struck } from './scenes.js';

type History = readonly [what: string, events: HistoryEvent[]];

const ONE_WAY: SceneCall = { oneWay: true };
const FIRST: SceneCall = { call: 'a', key: 'k', number: 0, offset: 0 };
const SECOND: SceneCall = { call: 'b', key: 'k', number: 1, offset: 1 };
/** One call from its start to its commit. */
const whole = (scene: SceneCall = {}) => [
  ...sent(scene),
  ...run(scene, 10),
  received(0),
  received(1),
  ended(),
  committed(1, 40),
];
const twoWithOneKey = (...runs: HistoryEvent[][]) =>
  history(
    sent({ ...FIRST, oneWay: true }),
    sent({ ...SECOND, oneWay: true }),
    ...runs,
    ended(),
    ended(31, { call: 'b' }),
  );

const GOOD: readonly History[] = [
  ['a call that goes well', history(whole())],
  ['a one-way call that goes well', history(sent(ONE_WAY), ended(5), run(ONE_WAY, 10), committed(1, 40))],
  ['a caller that is killed', history(sent(), struck('killed', 5, 'client'), run({}, 10), committed(1, 40))],
  [
    'a short timeout that the fault outlasts',
    history(sent({ timeoutMs: 1_000 }), ended(1_001, { code: 'timeout' }), committed(1, 1_100)),
  ],
  ['a call that could not be sent for 30 s', history(sent()[0], ended(30_000, { code: 'unavailable' }))],
  [
    'a commit that is not seen for a moment after a kill of brokers',
    history(whole(), struck('killed', 45, 'node-1'), committed(0, 50), committed(1, 55)),
  ],
  [
    'an instance that is killed in a stream, which another repeats',
    history(
      sent(),
      run({}, 10, { ends: false }).slice(0, 2),
      received(0),
      struck('killed', 25),
      run({}, 3_000, { process: 'two' }),
      received(1, 3_011),
      ended(3_012),
      committed(1, 3_100),
    ),
  ],
  ['a record that is stored twice, but run once', history(whole(), sent({ offset: 1 })[1], committed(2, 90))],
  [
    'a record that is stored twice, and so run twice',
    history(whole(), sent({ offset: 1 })[1], run({ offset: 1 }, 50), committed(2, 90)),
  ],
  [
    'work done behind what is not',
    history(
      sent(),
      whole({ call: 'b', offset: 1 }).map((event) =>
        event.kind === 'committed' ? committed(0, 40, [1]) : rename(event),
      ),
      run({}, 50),
      received(0, 61),
      received(1, 62),
      ended(63),
      committed(2, 70),
    ),
  ],
  ['two of one key, one after the other', twoWithOneKey(run(FIRST, 10), run(SECOND, 20))],
  [
    'two of one key that both run again',
    twoWithOneKey(
      run(FIRST, 10),
      run(SECOND, 20),
      run(FIRST, 40, { process: 'two' }),
      run(SECOND, 50, { process: 'two' }),
    ),
  ],
  [
    'a frozen instance that goes on with what others have taken over, until it notices',
    twoWithOneKey(
      run(FIRST, 10, { until: 9_010, ends: false }),
      [struck('frozen', 15)],
      run(FIRST, 5_000, { process: 'two' }),
      run(SECOND, 5_010, { process: 'two' }),
      [committed(2, 5_100), struck('thawed', 9_000)],
      run(SECOND, 9_005, { ends: false }),
    ),
  ],
];

const BAD: Readonly<Record<keyof typeof RULES, readonly History[]>> = {
  everyCallHasAnOutcome: [
    ['a call without an outcome', history(sent(), run({}, 10))],
    [
      'an outcome long after the timeout',
      history(sent({ timeoutMs: 1_000 }), run({}, 10), ended(11_100, { code: 'timeout' })),
    ],
    [
      'an error of no type',
      history(sent({ timeoutMs: 1_000 }), run({}, 10), ended(30, { code: 'ERR', typed: false })),
    ],
    ['a failure though there was time', history(sent(), run({}, 10), ended(29_000, { code: 'unavailable' }))],
  ],
  everyStreamIsWhole: [
    ['a gap', history(sent({ parts: 3 }), run({}, 10), received(0), received(2), ended())],
    ['disorder', history(sent(), run({}, 10), received(1, 20), received(0, 21), ended())],
    [
      'a repeat',
      history(sent({ parts: 3 }), run({}, 10), received(0), received(1), received(1, 25), ended()),
    ],
    ['a beginning that is missing', history(sent({ parts: 1 }), run({}, 10), received(1), ended())],
    ['an end that is missing', history(sent({ parts: 3 }), run({}, 10), received(0), received(1), ended())],
    ['nothing at all', history(sent(), run({}, 10), ended())],
    [
      'a response of another call',
      history(sent(), run({}, 10), received(0), received(1, 21, { answers: 'b' }), ended()),
    ],
    [
      'a response that was numbered anew',
      history(sent(), run({}, 10), received(0), received(0, 21, { seq: 1 }), ended()),
    ],
    [
      'responses to two requests',
      history(sent(), run({}, 10), received(0), received(1, 21, { requestId: 'other' }), ended()),
    ],
    ['a response after the end', history(sent(), run({}, 10), received(0), received(1, 31), ended(30))],
    ['a response to a one-way call', history(sent(ONE_WAY), run(ONE_WAY, 10), received(0), ended())],
  ],
  everythingStoredIsHandled: [
    ['a one-way call that was acknowledged and not stored', history(sent(ONE_WAY)[0], ended())],
    ['a one-way call that was stored and not run', history(sent(ONE_WAY), ended())],
    ['a run that did not end', history(sent(ONE_WAY), run(ONE_WAY, 10, { ends: false }), ended())],
    ['a request of a killed caller that was not run', history(sent(), struck('killed', 5, 'client'))],
  ],
  noCommitRunsAhead: [
    [
      'a commit during the run',
      history(sent(ONE_WAY), ended(), run(ONE_WAY, 10, { until: 100 }), committed(1, 50)),
    ],
    [
      'a commit though the run was cut off',
      history(
        sent(ONE_WAY),
        ended(),
        run(ONE_WAY, 10, { ends: false }),
        committed(1, 50),
        run(ONE_WAY, 45, { until: 100 }),
      ),
    ],
    [
      'a commit before an expiry',
      history(sent({ timeoutMs: 1_000 }), ended(1_001, { code: 'timeout' }), committed(1, 900)),
    ],
    [
      'work said to be done that is not',
      history(sent(ONE_WAY), ended(), run(ONE_WAY, 10, { until: 100 }), committed(0, 50, [0])),
    ],
    [
      'a one-way call that was taken for expired',
      history(sent({ ...ONE_WAY, timeoutMs: 1_000 }), ended(), committed(1, 2_000), run(ONE_WAY, 3_000)),
    ],
  ],
  noCommitGoesBack: [['an older commit after a newer one', history(whole(), committed(0, 50))]],
  keysKeepTheirOrder: [
    ['a later request that is run first', twoWithOneKey(run(SECOND, 10), run(FIRST, 20))],
    ['two at the same time', twoWithOneKey(run(FIRST, 10, { until: 40 }), run(SECOND, 20))],
    [
      'two at the same time in two places',
      twoWithOneKey(run(FIRST, 10, { until: 40 }), run(SECOND, 20, { process: 'two' })),
    ],
    [
      'one at the same time in two places',
      twoWithOneKey(run(FIRST, 10, { until: 40 }), run(FIRST, 20, { process: 'two' }), run(SECOND, 50)),
    ],
    [
      'an instance that was frozen, and has not noticed long after',
      twoWithOneKey(
        [struck('frozen', 1), struck('thawed', 5)],
        run(FIRST, 6_000, { until: 6_040 }),
        run(FIRST, 6_020, { process: 'two' }),
        run(SECOND, 6_050),
      ),
    ],
    [
      'others that overlap while one is frozen',
      twoWithOneKey(
        [struck('frozen', 1, 'three')],
        run(FIRST, 10, { until: 40 }),
        run(SECOND, 20, { process: 'two' }),
      ),
    ],
  ],
  onlyTheUncommittedRunsAgain: [
    ['a record that was committed', history(whole(), run({}, 50, { process: 'two' }))],
    [
      'a record that was said to be done',
      history(
        whole(),
        committed(1, 45, [1]),
        sent({ call: 'b', offset: 1, oneWay: true }),
        ended(31, { call: 'b' }),
        run({ call: 'b', offset: 1 }, 32),
        run({ call: 'b', offset: 1 }, 60, { process: 'two' }),
      ),
    ],
  ],
};

/** The same event of the call `b`. */
function rename(event: HistoryEvent): HistoryEvent {
  return event.kind === 'received'
    ? { ...event, call: 'b', answers: 'b', requestId: 'id-b' }
    : event.kind === 'ended'
      ? { ...event, call: 'b' }
      : event;
}

function brokenRules(events: readonly HistoryEvent[]): Set<string | undefined> {
  return new Set(checkHistory(events).violations.map((violation) => violation.split(':')[0]));
}

describe('the checker of fault histories', () => {
  it.each(GOOD)('passes %s', (_, events) => {
    expect(checkHistory(events).violations).toEqual([]);
  });

  describe.each(Object.entries(BAD))('%s', (rule, histories) => {
    it.each(histories)('catches %s, and no other rule does', (_, events) => {
      expect(brokenRules(events)).toEqual(new Set([rule]));
    });
  });

  it('counts', () => {
    const twice = [
      ...run({}, 35, { process: 'two' }),
      ...sent({ offset: 1 }).slice(1),
      ...run({ offset: 1 }, 50),
    ];
    const unanswered = sent({ call: 'b', offset: 2 });
    const late = [...sent({ call: 'c', offset: 3, parts: 1 }), ...run({ call: 'c', offset: 3 }, 10)];

    expect(
      checkHistory(
        history(whole(), twice, unanswered, late, received(0, 321, { call: 'c' }), ended(330, { call: 'c' })),
      ),
    ).toMatchObject({
      requests: 3,
      responses: 3,
      duplicates: 1,
      storedTwice: 1,
      lost: 2,
      longestStallMs: 300,
    });
  });
});
