import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { ConsumerState, GroupStart } from '../../../lib/broker/consumer.js';
import { Cutoff } from '../../../lib/delivery/cutoff.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { RunningGroup } from '../../../lib/server/running-group.js';
import type { FailurePolicy } from '../../../lib/server/server-options.js';
import type { Source } from '../../../lib/server/source.js';
import { turn } from '../support/scripted-producer.js';
import { StubAdmin, topicOf } from '../support/stub-admin.js';
import { IDLE_INTAKE } from './idle-intake.js';
import { ScriptedConsumers } from './scripted-consumers.js';

const SEARCH_MS = 5_000;
const FIRST_RESTART_MS = 1_000;
const FROM_ITS_BEGINNING = { timestampMs: 0 };
const broken = new BrokerError('authorization-failed', 'no');

const named = (topic: string, startFrom: GroupStart = 'earliest'): Source => ({
  topics: [{ topic, partitions: 1 }],
  startFrom,
  intake: IDLE_INTAKE,
});
const matching = (pattern: RegExp, startFrom: GroupStart = 'latest'): Source => ({
  topics: [],
  accepts: (topic) => pattern.test(topic),
  pattern: `${String(pattern)} of A.take`,
  startFrom,
  intake: IDLE_INTAKE,
});

const groups: { close(): Promise<void> }[] = [];

function setUp(sources: Source[], existing: string[] = [], onFailure: FailurePolicy = 'restart') {
  const consumers = new ScriptedConsumers();
  const admin = new StubAdmin(...existing.map((topic) => topicOf(topic, 1)));
  admin.describeTopics.mockImplementation(async (names) =>
    admin.topics.filter(({ topic }) => names?.includes(topic) ?? true),
  );
  const states: ConsumerState[] = [];
  const warnings: unknown[] = [];
  const errors: unknown[] = [];
  let givenUp = 0;
  const stopping = new Cutoff();
  const group = new RunningGroup(
    { groupId: 'kitchen', sources },
    {
      broker: consumers.broker,
      environment: systemEnvironment,
      source: 'kitchen/1',
      admin: admin.asAdmin,
      createTopics: true,
      settings: {
        commitIntervalMs: 1_000,
        drainTimeoutMs: 1_000,
        rebalanceTimeoutMs: 1_000,
        sessionTimeoutMs: 1_000,
      },
      onFailure,
      stopping,
      logger: { warn: (message) => warnings.push(message), error: (error) => errors.push(error) },
    },
    {
      onReceived: () => undefined,
      onState: (state) => states.push(state),
      onGivenUp: () => (givenUp += 1),
    },
  );
  const close = async () => {
    stopping.abort();
    await group.close();
  };
  groups.push({ close });
  /** A topic comes into being, and the next search is over. */
  const appear = async (...topics: string[]) => {
    admin.topics.push(...topics.map((topic) => topicOf(topic, 1)));
    await jest.advanceTimersByTimeAsync(SEARCH_MS);
  };
  const start = async () => {
    const starting = group.start();
    await turn();
    consumers.made[0]?.run();
    await starting;
  };
  return { consumers, admin, states, warnings, errors, start, group, appear, close, givenUp: () => givenUp };
}

describe('RunningGroup', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(async () => {
    await Promise.all(groups.splice(0).map((group) => group.close()));
    jest.useRealTimers();
  });

  it('creates the topics that it names, and reads them with those that its patterns match', async () => {
    const { consumers, admin, start } = setUp(
      [named('requests'), matching(/^menu/)],
      ['menu.pizza', 'other'],
    );
    await start();
    expect(admin.createTopics.mock.calls).toEqual([[[{ topic: 'requests', partitions: 1 }]]]);
    expect(consumers.latest.topics).toEqual(['requests', 'menu.pizza']);
    expect(consumers.latest.startOf('requests')).toBe('earliest');
    expect(consumers.latest.startOf('menu.pizza')).toBe('latest');
  });

  it('reads a topic that comes later from its beginning', async () => {
    const { consumers, start, appear } = setUp([named('requests'), matching(/^menu/)]);
    await start();
    await appear('menu.pasta', 'other');
    expect(consumers.made).toHaveLength(1);
    expect(consumers.latest.subscriptions).toEqual([['requests'], ['requests', 'menu.pasta']]);
    expect(consumers.latest.startOf('menu.pasta')).toEqual(FROM_ITS_BEGINNING);
  });

  it('does not look for topics where it has no pattern', async () => {
    const { admin, start } = setUp([named('requests')]);
    await start();
    admin.describeTopics.mockClear();
    await jest.advanceTimersByTimeAsync(2 * SEARCH_MS);
    expect(admin.describeTopics).not.toHaveBeenCalled();
  });

  it('goes on searching while the broker cannot be reached, without a word', async () => {
    const { consumers, admin, errors, start, appear } = setUp([matching(/^menu/)]);
    await start();
    admin.describeTopics.mockRejectedValueOnce(new BrokerError('unavailable', 'away', { retriable: true }));
    await jest.advanceTimersByTimeAsync(SEARCH_MS);
    await appear('menu.pizza');
    expect(consumers.made).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('tells why it cannot search', async () => {
    const { admin, errors, start } = setUp([matching(/^menu/)]);
    await start();
    admin.describeTopics.mockRejectedValueOnce(broken);
    await jest.advanceTimersByTimeAsync(SEARCH_MS);
    expect(errors).toEqual([broken]);
  });

  it('says nothing of a search that a shutdown has ended', async () => {
    const { admin, errors, start, close } = setUp([matching(/^menu/)]);
    await start();
    admin.describeTopics.mockImplementationOnce(async () => {
      await close();
      throw new BrokerError('closed', 'closed');
    });
    await jest.advanceTimersByTimeAsync(SEARCH_MS);
    expect(errors).toEqual([]);
  });

  describe('without a topic yet', () => {
    it('runs, and joins its group when there is one', async () => {
      const { consumers, states, start, appear } = setUp([matching(/^menu/)]);
      await start();
      expect(states).toEqual(['running']);
      expect(consumers.made).toEqual([]);
      await appear('menu.pizza');
      expect(consumers.latest.topics).toEqual(['menu.pizza']);
      expect(consumers.latest.startOf('menu.pizza')).toEqual(FROM_ITS_BEGINNING);
    });

    it('tries again if its first consumer does not start', async () => {
      const { consumers, errors, start, appear } = setUp([matching(/^menu/)]);
      await start();
      await appear('menu.pizza');
      consumers.latest.refuse(broken);
      await jest.advanceTimersByTimeAsync(FIRST_RESTART_MS);
      expect(errors).toEqual([broken]);
      expect(consumers.made).toHaveLength(2);
      expect(consumers.made[0].closed).toBe(true);
      expect(consumers.latest.topics).toEqual(['menu.pizza']);
    });

    it('is given up then, if that is the policy', async () => {
      const { consumers, start, appear, givenUp } = setUp([matching(/^menu/)], [], 'exit');
      await start();
      await appear('menu.pizza');
      consumers.latest.refuse(broken);
      await turn();
      expect(givenUp()).toBe(1);
    });

    it('does not start one while it stops', async () => {
      const { consumers, start, appear, close } = setUp([matching(/^menu/)]);
      await start();
      await close();
      await appear('menu.pizza');
      expect(consumers.made).toEqual([]);
    });
  });

  describe('after its consumer has failed', () => {
    it('goes on with all topics, those that were found meanwhile included', async () => {
      const { consumers, states, start, appear } = setUp(
        [named('requests'), matching(/^menu/)],
        ['menu.pizza'],
      );
      await start();
      await appear('menu.pasta');
      consumers.latest.tell('failed', broken);
      await jest.advanceTimersByTimeAsync(FIRST_RESTART_MS);
      expect(consumers.made).toHaveLength(2);
      expect(consumers.latest.topics).toEqual(['requests', 'menu.pizza', 'menu.pasta']);
      expect(consumers.latest.startOf('menu.pasta')).toEqual(FROM_ITS_BEGINNING);
      consumers.latest.run();
      await appear('menu.soup');
      expect(consumers.latest.topics).toEqual(['requests', 'menu.pizza', 'menu.pasta', 'menu.soup']);
      expect(states).toEqual(['running', 'failed', 'running']);
    });

    it('closes while another one waits for the broker', async () => {
      const { consumers, start, close } = setUp([named('requests')]);
      await start();
      consumers.latest.tell('failed', broken);
      await jest.advanceTimersByTimeAsync(FIRST_RESTART_MS);
      expect(consumers.made).toHaveLength(2);
      await close();
      expect(consumers.latest.closed).toBe(true);
    });

    it('leaves out a topic that was deleted, and reads it again when it comes back', async () => {
      const { consumers, admin, start, appear } = setUp(
        [named('requests'), matching(/^menu/)],
        ['menu.pizza'],
      );
      await start();
      admin.topics.splice(0, 1);
      consumers.latest.tell('failed', broken);
      await jest.advanceTimersByTimeAsync(FIRST_RESTART_MS);
      expect(consumers.latest.topics).toEqual(['requests']);
      consumers.latest.run();
      await appear('menu.pizza');
      expect(consumers.latest.topics).toEqual(['requests', 'menu.pizza']);
    });

    it('waits for another topic where the only one was deleted', async () => {
      const { consumers, admin, states, start, appear } = setUp([matching(/^menu/)], ['menu.pizza']);
      await start();
      admin.topics.splice(0);
      consumers.latest.tell('failed', broken);
      await jest.advanceTimersByTimeAsync(FIRST_RESTART_MS);
      expect(consumers.made).toHaveLength(1);
      expect(states.at(-1)).toBe('running');
      await appear('menu.pasta');
      expect(consumers.latest.topics).toEqual(['menu.pasta']);
    });
  });

  it('warns once of two patterns that match the same topics, and reads these for the first', async () => {
    const { consumers, warnings, start, appear } = setUp(
      [matching(/^menu/, 'earliest'), matching(/pizza$/, 'latest')],
      ['menu.pizza', 'a.pizza'],
    );
    await start();
    expect(consumers.latest.startOf('menu.pizza')).toBe('earliest');
    expect(consumers.latest.startOf('a.pizza')).toBe('latest');
    await appear('menu.2.pizza');
    expect(warnings).toEqual([
      expect.stringMatching(
        /"menu\.pizza" matches both \/\^menu\/ of A\.take and \/pizza\$\/ of A\.take.*kitchen/,
      ),
    ]);
  });
});
