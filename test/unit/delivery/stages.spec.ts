import { describe, expect, it, jest } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { ConsumerRecord } from '../../../lib/broker/record.js';
import { concluded, type Step } from '../../../lib/delivery/concluded.js';
import { Cutoff } from '../../../lib/delivery/cutoff.js';
import {
  ABANDONED,
  type AttemptDelivery,
  type Delivery,
  type Handle,
  type RequestDelivery,
  type Outcome,
  SETTLED,
  settledAsFailed,
} from '../../../lib/delivery/delivery.js';
import { noCounts } from '../../../lib/delivery/delivery-counts.js';
import type { DuplicateStore } from '../../../lib/delivery/duplicate-store.js';
import { systemEnvironment as environment } from '../../../lib/environment/system-environment.js';
import { MemoryDuplicateStore } from '../../../lib/delivery/memory-duplicate-store.js';
import { answered } from '../../../lib/delivery/stages/answered.js';
import { counted } from '../../../lib/delivery/stages/counted.js';
import { deadLettered, unlessTheCallers } from '../../../lib/delivery/stages/dead-lettered.js';
import { decoded } from '../../../lib/delivery/stages/decoded.js';
import { expired } from '../../../lib/delivery/stages/expired.js';
import { notEnded } from '../../../lib/delivery/stages/not-ended.js';
import { retried } from '../../../lib/delivery/stages/retried.js';
import { unique } from '../../../lib/delivery/stages/unique.js';
import { withdrawn } from '../../../lib/delivery/stages/withdrawn.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { encodeRequest } from '../../../lib/protocol/request.js';
import { OwnedPartition } from '../../../lib/server/owned-partition.js';
import { requestKind } from '../../../lib/server/request-kind.js';
import { IDLE_INTAKE } from '../server/idle-intake.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';

const ASSIGNED = { topic: 't', partition: 0, offset: 0n, metadata: '', epoch: 1 };
const internal = new AsyncCallError('internal', 'broken');
const refused = new AsyncCallError('conflict', 'no');
const outage = new BrokerError('unavailable', 'gone', { retriable: true });
const answerTo = { correlationId: Buffer.from('1'), replyTo: { topic: 'replies' }, attempt: 1, seq: 0 };
const failed = (error: AsyncCallError, more = {}): Outcome => ({
  kind: 'failed',
  error,
  attempts: 1,
  ...more,
});

function recordOf(headers: ConsumerRecord['headers'], timestamp = Date.now()): ConsumerRecord {
  return { topic: 't', partition: 0, offset: 7n, key: null, value: null, headers, timestamp };
}

interface Sent {
  readonly timeoutMs?: number;
  readonly sentAt?: number;
  readonly replyTopic?: string;
  readonly offset?: bigint;
}

function deliveryOf({ timeoutMs, sentAt, replyTopic = 'replies', offset = 7n }: Sent = {}) {
  const { headers } = encodeRequest({
    kind: 'request',
    correlationId: '1',
    endpoint: '/e',
    replyTo: { topic: replyTopic, partition: 0 },
    source: 'a/1',
    timeoutMs,
    headers: [],
    payload: { bytes: null },
  });
  const owner = new OwnedPartition(ASSIGNED, IDLE_INTAKE, environment);
  const intermission = <T>(meanwhile: () => Promise<T>) => meanwhile();
  return {
    record: { ...recordOf(headers, sentAt), offset },
    owner,
    withdrawal: new Cutoff(),
    intermission,
  };
}

/** The stages behind it, handed a request. */
const kind = requestKind('s', {
  handlerOf: () => undefined,
  optionsOf: () => undefined,
  areLimited: false,
  isPattern: () => false,
});
const { identityOf } = kind;
const read = (next: Handle<RequestDelivery>) =>
  decoded(kind.decode, next, async (undecodable) => undecodable.failed);

describe('decoded', () => {
  it('hands on the request, and fails what is none, with its address if it has one', async () => {
    const seen: string[] = [];
    const stage = read(async ({ request }) => {
      seen.push(request.endpoint);
      return SETTLED.served;
    });
    expect(await stage(deliveryOf())).toBe(SETTLED.served);
    expect(seen).toEqual(['/e']);
    expect(await stage({ ...deliveryOf(), record: recordOf([]) })).toMatchObject({
      kind: 'failed',
      attempts: 0,
      answerTo: undefined,
    });
    const headers = deliveryOf().record.headers.filter(([name]) => name !== 'ac-endpoint');
    expect(await stage({ ...deliveryOf(), record: recordOf(headers) })).toMatchObject({
      error: { code: 'bad-request' },
      answerTo: { replyTo: { topic: 'replies', partition: 0 }, seq: 0 },
    });
  });

  it('lets other errors through', async () => {
    await expect(read(() => Promise.reject(internal))(deliveryOf())).rejects.toBe(internal);
  });
});

describe('expired', () => {
  it('runs what somebody waits for, and nothing else', async () => {
    let ran = 0;
    const late: unknown[] = [];
    const stage = read(
      expired({ environment, onExpired: ({ request }) => late.push(request.endpoint) }, async () => {
        ran += 1;
        return SETTLED.served;
      }),
    );
    await stage(deliveryOf());
    await stage(deliveryOf({ timeoutMs: 60_000 }));
    expect([ran, late]).toEqual([2, []]);
    expect(await stage(deliveryOf({ timeoutMs: 1_000, sentAt: Date.now() - 1_001 }))).toBe(SETTLED.expired);
    expect([ran, late]).toEqual([2, ['/e']]);
  });
});

describe('retried', () => {
  const policyOf = () => ({ attempts: 3, initialDelayMs: 0, multiplier: 1, maxDelayMs: 0 });

  function setUp(outcomes: (Outcome | Error)[]) {
    const attempts: number[] = [];
    const next = async ({ attempt }: AttemptDelivery) => {
      attempts.push(attempt);
      const outcome = outcomes.shift() as Outcome | Error;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    };
    const isOutage = (error: unknown): error is BrokerError => error === outage;
    const nothing = () => undefined;
    return {
      attempts,
      stage: read(retried({ environment, policyOf, isOutage, onOutage: nothing, onRetry: nothing }, next)),
    };
  }

  it('tries again what may be mended, and stops at the first good end', async () => {
    const { attempts, stage } = setUp([failed(internal), SETTLED.served]);
    expect(await stage(deliveryOf())).toBe(SETTLED.served);
    expect(attempts).toEqual([1, 2]);
  });

  it('gives up after the last attempt, and at once for what is terminal', async () => {
    const { attempts, stage } = setUp([failed(internal), failed(internal), failed(internal)]);
    expect(await stage(deliveryOf())).toMatchObject({ error: internal, attempts: 3 });
    expect(attempts).toEqual([1, 2, 3]);
    const terminal = setUp([failed(refused)]);
    expect(await terminal.stage(deliveryOf())).toMatchObject({ error: refused, attempts: 1 });
  });

  it('does not count an attempt whose responses the broker did not take', async () => {
    const { attempts, stage } = setUp([outage, failed(internal), failed(internal), failed(internal)]);
    expect(await stage(deliveryOf())).toMatchObject({ error: internal, attempts: 3 });
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('does not wait for an attempt that nobody would wait for', async () => {
    const { attempts, stage } = setUp([failed(internal)]);
    const delivery = deliveryOf({ timeoutMs: 1_000, sentAt: Date.now() - 1_001 });
    expect(await stage(delivery)).toMatchObject({ error: internal, attempts: 1 });
    expect(attempts).toEqual([1]);
  });

  it('does not try again what its caller has given up, and cuts short what runs and the pause', async () => {
    const slow = () => ({ attempts: 3, initialDelayMs: 60_000, multiplier: 1, maxDelayMs: 60_000 });
    const running: Cutoff[] = [];
    const options = { environment, policyOf: slow, isOutage: (_: unknown): _ is BrokerError => false };
    const stage = read(
      retried({ ...options, onOutage: () => undefined, onRetry: () => undefined }, async ({ cutoff }) => {
        running.push(cutoff);
        return failed(internal);
      }),
    );
    const pausing = deliveryOf();
    const ending = stage(pausing);
    await turn();
    pausing.withdrawal.abort();
    expect(await ending).toBe(ABANDONED);
    expect(running).toHaveLength(1);
  });

  it('leaves the rest to the next owner when the partition is on its way out', async () => {
    const delivery = deliveryOf();
    const { attempts, stage } = setUp([failed(internal)]);
    const ending = stage(delivery);
    delivery.owner.abort();
    expect(await ending).toBe(ABANDONED);
    expect(attempts).toEqual([1]);
  });
});

describe('withdrawn', () => {
  const options = {
    environment,
    policyOf: () => ({ attempts: 1, initialDelayMs: 0, multiplier: 1, maxDelayMs: 0 }),
    isOutage: (_: unknown): _ is BrokerError => false,
    onOutage: () => undefined,
    onRetry: () => undefined,
  };
  const stageOf = (next: Handle<AttemptDelivery>) => read(concluded(retried(options, next), [withdrawn]));

  it('leaves alone what its caller still waits for', async () => {
    expect(await stageOf(async () => failed(internal))(deliveryOf())).toMatchObject({ error: internal });
  });

  it('does not run what was given up before its turn', async () => {
    const delivery = deliveryOf();
    delivery.withdrawal.abort();
    const next = jest.fn(async () => SETTLED.served);
    expect(await stageOf(next)(delivery)).toBe(SETTLED.cancelled);
    expect(next).not.toHaveBeenCalled();
  });

  it.each([
    ['a failure', failed(internal)],
    ['an unfinished end', ABANDONED],
  ])('takes %s of what was given up meanwhile for its end', async (_, outcome) => {
    const delivery = deliveryOf();
    const stage = stageOf(async ({ withdrawal }) => {
      withdrawal.abort();
      return outcome;
    });
    expect(await stage(delivery)).toBe(SETTLED.cancelled);
  });

  it('leaves it to the next owner if the partition has gone', async () => {
    const delivery = deliveryOf();
    delivery.withdrawal.abort();
    delivery.owner.abort();
    expect(await stageOf(async () => SETTLED.served)(delivery)).toBe(ABANDONED);
  });
});

describe('unique', () => {
  const store = () => new MemoryDuplicateStore({ windowMs: 60_000, maxRequests: 10 }, environment);

  function setUp(duplicates: DuplicateStore, outcomes: Outcome[]) {
    const duplicate: RequestDelivery[] = [];
    const errors: unknown[] = [];
    const stage = read(
      unique(
        {
          environment,
          store: duplicates,
          identityOf,
          onDuplicate: (delivery) => duplicate.push(delivery),
          onStoreError: (_, error) => errors.push(error),
        },
        async () => outcomes.shift()!,
      ),
    );
    return { stage, duplicate, errors };
  }

  it.each([
    ['served', SETTLED.served],
    ['failed', settledAsFailed(internal)],
  ])('runs a request once that has %s', async (_, outcome) => {
    const { stage, duplicate } = setUp(store(), [outcome]);
    expect(await stage(deliveryOf())).toBe(outcome);
    expect(await stage(deliveryOf())).toBe(SETTLED.duplicate);
    expect(duplicate).toHaveLength(1);
  });

  it('does not run it beside itself', async () => {
    const end = deferred<Outcome>();
    const stage = read(
      unique(
        {
          environment,
          store: store(),
          identityOf,
          onDuplicate: () => undefined,
          onStoreError: () => undefined,
        },
        () => end.promise,
      ),
    );
    const first = stage(deliveryOf());
    expect(await stage(deliveryOf({ offset: 8n }))).toBe(SETTLED.duplicate);
    end.resolve(SETTLED.served);
    expect(await first).toBe(SETTLED.served);
  });

  it('runs a record again that is handed over anew while it still runs: its partition was lost meanwhile', async () => {
    const ends = [deferred<Outcome>(), deferred<Outcome>()];
    const waiting = [...ends];
    const options = {
      environment,
      store: store(),
      identityOf,
      onDuplicate: () => undefined,
      onStoreError: () => undefined,
    };
    const stage = read(unique(options, () => waiting.shift()!.promise));
    const early = stage(deliveryOf());
    const late = stage(deliveryOf());
    ends[0].resolve(ABANDONED);
    expect(await early).toBe(ABANDONED);
    ends[1].resolve(SETTLED.served);
    expect(await late).toBe(SETTLED.served);
    expect(await stage(deliveryOf({ offset: 8n }))).toBe(SETTLED.duplicate);
  });

  it('lets go of a request when what is behind it throws', async () => {
    const duplicates = store();
    const options = {
      environment,
      store: duplicates,
      identityOf,
      onDuplicate: () => undefined,
      onStoreError: () => undefined,
    };
    await expect(read(unique(options, () => Promise.reject(internal)))(deliveryOf())).rejects.toBe(internal);
    expect(duplicates.size).toBe(0);
  });

  it('does something else with a duplicate where that is asked for', async () => {
    const told: string[] = [];
    const options = {
      environment,
      store: store(),
      identityOf,
      onDuplicate: () => told.push('duplicate'),
      onStoreError: () => undefined,
      insteadOfDuplicate: async () => SETTLED.passedOver,
    };
    const stage = read(unique(options, async () => SETTLED.served));
    expect([await stage(deliveryOf()), await stage(deliveryOf())]).toEqual([
      SETTLED.served,
      SETTLED.passedOver,
    ]);
    expect(told).toEqual([]);
  });

  it('does not wait for ever for a store that keeps silent', async () => {
    jest.useFakeTimers();
    const { stage, errors } = setUp({ claim: () => new Promise(() => undefined) }, [SETTLED.served]);
    const outcome = stage(deliveryOf());
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await outcome).toBe(SETTLED.served);
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('within 5000 ms') })]);
    jest.useRealTimers();
  });

  it('runs again what was not brought to its end here', async () => {
    const { stage } = setUp(store(), [ABANDONED, SETTLED.served]);
    expect(await stage(deliveryOf())).toBe(ABANDONED);
    expect(await stage(deliveryOf())).toBe(SETTLED.served);
  });

  it('tells requests of one id apart by where they want their responses, and runs all without an id', async () => {
    const { stage } = setUp(store(), [SETTLED.served, SETTLED.served, SETTLED.served, SETTLED.served]);
    const elsewhere = deliveryOf({ replyTopic: 'others' });
    const oneWay = { ...deliveryOf(), record: recordOf([['ac-endpoint', Buffer.from('/e')]]) };
    for (const delivery of [deliveryOf(), elsewhere, oneWay, oneWay])
      expect(await stage(delivery)).toBe(SETTLED.served);
  });

  it.each([
    [
      'throws',
      () => {
        throw internal;
      },
    ],
    ['rejects', () => Promise.reject(internal)],
  ])('runs the request if the store %s', async (_, claim) => {
    const { stage, errors } = setUp({ claim }, [SETTLED.served]);
    expect(await stage(deliveryOf())).toBe(SETTLED.served);
    expect(errors).toEqual([internal]);
  });

  it('keeps the outcome if the store cannot be told of it', async () => {
    const claim = { done: () => Promise.reject(internal), release: () => undefined };
    const { stage, errors } = setUp({ claim: () => claim }, [SETTLED.served]);
    expect(await stage(deliveryOf())).toBe(SETTLED.served);
    expect(errors).toEqual([internal]);
  });
});

describe('notEnded', () => {
  function setUp(hasEnded?: DuplicateStore['hasEnded'], end: string | undefined = 'the end') {
    const told: string[] = [];
    const stage = read(
      notEnded(
        {
          environment,
          store: { claim: () => undefined, hasEnded },
          endOf: () => end,
          onDuplicate: () => told.push('duplicate'),
          onStoreError: () => told.push('store'),
        },
        async () => SETTLED.served,
      ),
    );
    return { told, outcome: stage(deliveryOf()) };
  }

  it.each([
    ['at once', (id: string) => id === 'the end'],
    ['later', async (id: string) => id === 'the end'],
  ])('does not run what comes behind the end (told %s)', async (_, hasEnded) => {
    const { told, outcome } = setUp(hasEnded);
    expect(await outcome).toBe(SETTLED.duplicate);
    expect(told).toEqual(['duplicate']);
  });

  it.each<[string, DuplicateStore['hasEnded'], string[]]>([
    ['says that there was none', () => false, []],
    ['does not know', undefined, []],
    ['has failed', () => Promise.reject(internal), ['store']],
  ])('runs it if the store %s', async (_, hasEnded, expected) => {
    const { told, outcome } = setUp(hasEnded);
    expect(await outcome).toBe(SETTLED.served);
    expect(told).toEqual(expected);
  });
});

describe('counted', () => {
  it('counts each end', async () => {
    const counts = noCounts();
    const failure = settledAsFailed(internal);
    for (const outcome of [...Object.values(SETTLED), failure, SETTLED.served, ABANDONED])
      expect(counted(counts)(outcome, deliveryOf())).toBe(outcome);
    expect(counts).toEqual({
      ...noCounts(),
      served: 2,
      failed: 1,
      expired: 1,
      cancelled: 1,
      duplicate: 1,
      passedOver: 1,
      abandoned: 1,
    });
  });
});

describe('deadLettered', () => {
  it.each([
    ['what had attempts enough', failed(internal, { answerTo }), true],
    ['what nobody hears about', failed(refused), true],
    ['nothing that its caller has to mend', failed(refused, { answerTo }), false],
    ['nothing that ended well', SETTLED.served, false],
  ])('keeps %s', async (_, outcome, kept) => {
    const letters: Delivery[] = [];
    const keep = async (delivery: Delivery) => {
      letters.push(delivery);
    };
    expect(await deadLettered(keep, unlessTheCallers)(outcome, deliveryOf())).toBe(outcome);
    expect(letters).toHaveLength(kept ? 1 : 0);
  });
});

describe('answered', () => {
  const stageOf = (isTold: boolean, outcome: Outcome) => {
    const heard: unknown[] = [];
    const step = answered(
      async (_, { error }) => {
        heard.push(['answered', error]);
        return isTold;
      },
      async (_, { error }) => {
        heard.push(['kept', error]);
      },
      unlessTheCallers,
    );
    return { stage: concluded(async () => outcome, [step]), heard };
  };

  it('tells the caller, and then the record is done, unless it is not ours any more', async () => {
    const { stage, heard } = stageOf(true, failed(refused, { answerTo }));
    expect(await stage(deliveryOf())).toEqual(settledAsFailed(refused));
    const delivery = deliveryOf();
    delivery.owner.abort();
    expect(await stage(delivery)).toBe(ABANDONED);
    expect(heard).toEqual([
      ['answered', refused],
      ['answered', refused],
    ]);
  });

  it('keeps what its caller alone was to hear of, if it cannot be told', async () => {
    const { stage, heard } = stageOf(false, failed(refused, { answerTo }));
    expect(await stage(deliveryOf())).toEqual(settledAsFailed(refused));
    expect(heard).toEqual([
      ['answered', refused],
      ['kept', refused],
    ]);
  });

  it('does not keep twice what the stage within has kept', async () => {
    for (const outcome of [failed(internal, { answerTo }), failed(refused)]) {
      const { stage, heard } = stageOf(false, outcome);
      await stage(deliveryOf());
      expect(heard).toHaveLength(1);
    }
  });
});

describe('concluded', () => {
  const later: Step<Delivery> = async (outcome) => (outcome === ABANDONED ? SETTLED.cancelled : outcome);
  const atOnce: Step<Delivery> = (outcome) => (outcome === SETTLED.cancelled ? SETTLED.expired : outcome);

  it.each([
    ['in order', [later, atOnce], SETTLED.expired],
    ['in no other order', [atOnce, later], SETTLED.cancelled],
    ['also where there are none', [], ABANDONED],
  ])('takes an outcome through its steps %s', async (_, steps, end) => {
    expect(await concluded(async () => ABANDONED, steps)(deliveryOf())).toBe(end);
  });

  it('hands on what a step throws, or what throws before it', async () => {
    const throwing: Step<Delivery> = () => {
      throw internal;
    };
    const stages = [
      concluded(async () => ABANDONED, [later, throwing]),
      concluded(() => Promise.reject(internal), [later]),
    ];
    for (const stage of stages) await expect(stage(deliveryOf())).rejects.toBe(internal);
  });
});
