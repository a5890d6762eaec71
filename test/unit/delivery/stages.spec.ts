import { describe, expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { ConsumerRecord } from '../../../lib/broker/record.js';
import {
  ABANDONED,
  type AttemptDelivery,
  type Delivery,
  type Outcome,
  SETTLED,
} from '../../../lib/delivery/delivery.js';
import { answered } from '../../../lib/delivery/stages/answered.js';
import { deadLettered } from '../../../lib/delivery/stages/dead-lettered.js';
import { decoded } from '../../../lib/delivery/stages/decoded.js';
import { expired } from '../../../lib/delivery/stages/expired.js';
import { retried } from '../../../lib/delivery/stages/retried.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { encodeRequest } from '../../../lib/protocol/request.js';
import { OwnedPartition } from '../../../lib/server/owned-partition.js';

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

function deliveryOf({ timeoutMs, sentAt }: { timeoutMs?: number; sentAt?: number } = {}) {
  const { headers } = encodeRequest({
    kind: 'request',
    correlationId: '1',
    endpoint: '/e',
    replyTo: { topic: 'replies', partition: 0 },
    source: 'a/1',
    timeoutMs,
    headers: [],
    payload: { bytes: null },
  });
  const owner = new OwnedPartition(ASSIGNED);
  return { record: recordOf(headers, sentAt), owner };
}

describe('decoded', () => {
  it('hands on the request, and fails what is none, with its address if it has one', async () => {
    const seen: string[] = [];
    const stage = decoded(async ({ request }) => {
      seen.push(request.endpoint);
      return SETTLED;
    });
    expect(await stage(deliveryOf())).toBe(SETTLED);
    expect(seen).toEqual(['/e']);
    const owner = new OwnedPartition(ASSIGNED);
    expect(await stage({ record: recordOf([]), owner })).toMatchObject({
      kind: 'failed',
      attempts: 0,
      answerTo: undefined,
    });
    const headers = deliveryOf().record.headers.filter(([name]) => name !== 'ac-endpoint');
    expect(await stage({ record: recordOf(headers), owner })).toMatchObject({
      error: { code: 'bad-request' },
      answerTo: { replyTo: { topic: 'replies', partition: 0 }, seq: 0 },
    });
  });

  it('lets other errors through', async () => {
    await expect(decoded(() => Promise.reject(internal))(deliveryOf())).rejects.toBe(internal);
  });
});

describe('expired', () => {
  it('runs what somebody waits for, and nothing else', async () => {
    let ran = 0;
    const late: unknown[] = [];
    const stage = decoded(
      expired(
        ({ request }) => late.push(request.endpoint),
        async () => {
          ran += 1;
          return SETTLED;
        },
      ),
    );
    await stage(deliveryOf());
    await stage(deliveryOf({ timeoutMs: 60_000 }));
    expect([ran, late]).toEqual([2, []]);
    expect(await stage(deliveryOf({ timeoutMs: 1_000, sentAt: Date.now() - 1_001 }))).toBe(SETTLED);
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
      stage: decoded(retried({ policyOf, isOutage, onOutage: nothing, onRetry: nothing }, next)),
    };
  }

  it('tries again what may be mended, and stops at the first good end', async () => {
    const { attempts, stage } = setUp([failed(internal), SETTLED]);
    expect(await stage(deliveryOf())).toBe(SETTLED);
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

  it('leaves the rest to the next owner when the partition is on its way out', async () => {
    const delivery = deliveryOf();
    const { attempts, stage } = setUp([failed(internal)]);
    const ending = stage(delivery);
    delivery.owner.abort();
    expect(await ending).toBe(ABANDONED);
    expect(attempts).toEqual([1]);
  });
});

describe('deadLettered', () => {
  it.each([
    ['what had attempts enough', failed(internal, { answerTo }), true],
    ['what nobody hears about', failed(refused), true],
    ['nothing that its caller has to mend', failed(refused, { answerTo }), false],
    ['nothing that ended well', SETTLED, false],
  ])('keeps %s', async (_, outcome, kept) => {
    const letters: Delivery[] = [];
    const keep = async (delivery: Delivery) => {
      letters.push(delivery);
    };
    expect(await deadLettered(keep, async () => outcome)(deliveryOf())).toBe(outcome);
    expect(letters).toHaveLength(kept ? 1 : 0);
  });
});

describe('answered', () => {
  it('tells the caller, and then the record is done, unless it is not ours any more', async () => {
    const told: unknown[] = [];
    const stage = answered(
      async (_, { error }) => {
        told.push(error);
      },
      async () => failed(refused, { answerTo }),
    );
    expect(await stage(deliveryOf())).toBe(SETTLED);
    const delivery = deliveryOf();
    delivery.owner.abort();
    expect(await stage(delivery)).toBe(ABANDONED);
    expect(told).toEqual([refused, refused]);
  });
});
