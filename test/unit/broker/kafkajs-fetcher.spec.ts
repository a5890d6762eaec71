import { afterEach, describe, expect, it } from '@jest/globals';
import type { BrokerError } from '../../../lib/broker/broker-error.js';
import type { Cluster } from '../../../lib/broker/kafkajs/cluster.js';
import type { Protocol } from '../../../lib/broker/kafkajs/internals.js';
import { PartitionFetcher } from '../../../lib/broker/kafkajs/partition-fetcher.js';
import { ByteReader } from '../../../lib/broker/kafkajs/wire/byte-reader.js';
import type { FetchedPartition } from '../../../lib/broker/kafkajs/wire/fetch.js';
import { writeRecordBatch } from '../../../lib/broker/kafkajs/wire/record-batch-writer.js';
import { waitFor } from '../../support/kafka.js';

const topic = 'orders';

function batchOf(offset: number, value: string): Buffer {
  const record = { topic, partition: 0, key: null, value: Buffer.from(value), headers: [] };
  const batch = Buffer.from(writeRecordBatch([record], 0));
  batch.writeBigInt64BE(BigInt(offset), 0);
  return batch;
}

function damaged(batch: Buffer): Buffer {
  batch.writeUInt8(batch.at(-2)! ^ 0xff, batch.length - 2);
  return batch;
}

/** One broker that leads all partitions; each is a list of batches of one record each. */
class FakeLeader {
  readonly logs = new Map<number, Buffer[]>();
  readonly fetches = new Map<number, number>();
  /** For how long an answer keeps the event loop busy: timers then fire too early by the clock. */
  busyMs = 0;
  /** Whether it answers nothing any more. */
  isStuck = false;

  asCluster(): Cluster {
    const send = (protocol: Protocol<FetchedPartition[]>) => this.send(protocol);
    return { leaderOf: () => 1, lastConnectFailureAt: 0, node: () => ({ send }) } as unknown as Cluster;
  }

  private async send(protocol: Protocol<FetchedPartition[]>): Promise<FetchedPartition[]> {
    const request = new ByteReader((await protocol.request.encode()).buffer);
    request.raw(25);
    const asked = request.array(() => {
      request.string();
      return request.array(() => {
        const partition = request.int32();
        request.int32();
        const offset = Number(request.int64());
        request.raw(12);
        return { partition, offset };
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.isStuck) await new Promise(() => undefined);
    for (const end = Date.now() + this.busyMs; Date.now() < end;);
    return asked.flat().map(({ partition, offset }) => {
      this.fetches.set(partition, (this.fetches.get(partition) ?? 0) + 1);
      const log = this.logs.get(partition) ?? [];
      const bytes = Buffer.concat(log.slice(offset));
      return { topic, partition, errorCode: 0, highWatermark: BigInt(log.length), aborted: [], bytes };
    });
  }
}

it('hands over what was held back, when it may, and reads on', async () => {
  const leader = new FakeLeader();
  leader.logs.set(0, [batchOf(0, 'a')]);
  const values: string[] = [];
  let mayHandOver = false;
  let refusals = 0;
  const fetcher = new PartitionFetcher(
    leader.asCluster(),
    {},
    {
      onBatch: ({ records }) => values.push(...records.map(({ value }) => String(value))),
      mayHandOver: () => {
        if (!mayHandOver) refusals += 1;
        return mayHandOver;
      },
      onTrouble: () => undefined,
      onFailure: () => undefined,
    },
  );
  fetcher.add([{ topic, partition: 0, offset: 0n }]);
  fetcher.release([{ topic, partition: 0 }]);
  await waitFor(() => refusals > 0, { what: 'a batch to be held back' });

  mayHandOver = true;
  fetcher.handOverHeld();
  expect(values).toEqual(['a']);
  leader.logs.get(0)!.push(batchOf(1, 'b'));
  await waitFor(() => values.length === 2, { what: 'the next batch' });
  fetcher.stop();
});

describe('a fetcher, at a batch that cannot be decoded', () => {
  let fetcher: PartitionFetcher | undefined;
  afterEach(() => fetcher?.stop());

  function start(logs: Record<number, Buffer[]>) {
    const leader = new FakeLeader();
    const values: string[] = [];
    const troubles: (BrokerError | undefined)[] = [];
    const failures: BrokerError[] = [];
    for (const [partition, log] of Object.entries(logs)) leader.logs.set(Number(partition), log);
    fetcher = new PartitionFetcher(
      leader.asCluster(),
      {},
      {
        onBatch: ({ partition, records }) => {
          for (const { offset, value } of records) values.push(`${partition}@${offset}:${String(value)}`);
        },
        onTrouble: (trouble) => troubles.push(trouble),
        onFailure: (error) => failures.push(error),
      },
    );
    const places = Object.keys(logs).map((partition) => ({
      topic,
      partition: Number(partition),
      offset: 0n,
    }));
    fetcher.add(places);
    fetcher.release(places);
    const receives = (...expected: string[]) =>
      waitFor(() => values.length >= expected.length, { what: expected.join() }).then(() =>
        expect([...values].sort()).toEqual(expected),
      );
    return { fetcher, leader, values, troubles, failures, receives };
  }

  it('stalls that partition alone, and goes on without loss when it can be', async () => {
    const log = [batchOf(0, 'a'), damaged(batchOf(1, 'b')), batchOf(2, 'c')];
    const { leader, troubles, failures, receives } = start({ 0: log, 1: [batchOf(0, 'x')] });
    await receives('0@0:a', '1@0:x');
    await waitFor(() => troubles.length >= 2, { what: 'another attempt' });
    expect(troubles[0]).toMatchObject({
      code: 'unavailable',
      retriable: true,
      message: expect.stringMatching(
        /^orders\[0\]@1 cannot be read: it is damaged \(its checksum is wrong\)/,
      ),
    });
    leader.logs.get(1)!.push(batchOf(1, 'y'));
    await receives('0@0:a', '1@0:x', '1@1:y');

    log[1] = batchOf(1, 'b');
    await receives('0@0:a', '0@1:b', '0@2:c', '1@0:x', '1@1:y');
    expect(troubles.at(-1)).toBeUndefined();
    expect(failures).toEqual([]);
  });

  it('can be told to go past it', async () => {
    const {
      fetcher: stalled,
      troubles,
      receives,
    } = start({ 0: [damaged(batchOf(0, 'a')), batchOf(1, 'b')] });
    await waitFor(() => troubles.length >= 1, { what: 'the trouble' });
    stalled.seek({ topic, partition: 0, offset: 1n });
    expect(troubles.at(-1)).toBeUndefined();
    await receives('0@1:b');
  });

  it('has no trouble any more once the partition is given up', async () => {
    const { fetcher: stalled, troubles } = start({ 0: [damaged(batchOf(0, 'a'))] });
    await waitFor(() => troubles.length >= 1, { what: 'the trouble' });
    stalled.remove([{ topic, partition: 0 }]);
    expect(troubles.at(-1)).toBeUndefined();
  });
});

it('says that the listener has failed, when it has', async () => {
  const leader = new FakeLeader();
  leader.logs.set(0, [batchOf(0, 'a')]);
  const failure = await new Promise<BrokerError>((resolve) => {
    const fetcher = new PartitionFetcher(
      leader.asCluster(),
      {},
      {
        onBatch: () => {
          throw new Error('oops');
        },
        onTrouble: () => undefined,
        onFailure: resolve,
      },
    );
    fetcher.add([{ topic, partition: 0, offset: 0n }]);
    fetcher.release([{ topic, partition: 0 }]);
  });
  expect(failure).toMatchObject({ fatal: true, message: 'the consumer’s listener failed in onBatch: oops' });
});

it('shows when it stands still, but not when there is nothing to read', async () => {
  const leader = new FakeLeader();
  const fetcher = new PartitionFetcher(
    leader.asCluster(),
    {},
    { onBatch: () => undefined, onTrouble: () => undefined, onFailure: () => undefined },
  );
  expect(fetcher.activity()).toEqual({ lastPolledAt: undefined, lastContactAt: undefined });
  fetcher.add([{ topic, partition: 0, offset: 0n }]);
  fetcher.release([{ topic, partition: 0 }]);
  const first = await polledAfter(fetcher, 0);
  await polledAfter(fetcher, first);

  leader.isStuck = true;
  await waitFor(() => isStill(fetcher), { what: 'a standstill' });
  const { lastPolledAt, lastContactAt } = fetcher.activity();
  // The last answer is both; the two clocks do not tick as one.
  expect(Math.abs(lastContactAt! - lastPolledAt!)).toBeLessThan(100);

  fetcher.remove([{ topic, partition: 0 }]);
  expect(fetcher.activity().lastPolledAt).toBeUndefined();
  fetcher.stop();
});

function polledAfter(fetcher: PartitionFetcher, time: number): Promise<number> {
  const polledAt = () => fetcher.activity().lastPolledAt ?? 0;
  return waitFor(() => (polledAt() > time + 1 ? polledAt() : undefined), { what: 'a fetch' });
}

/** Many times as long as a fetch takes. */
function isStill(fetcher: PartitionFetcher): boolean {
  return Date.now() - fetcher.activity().lastPolledAt! > 200;
}
