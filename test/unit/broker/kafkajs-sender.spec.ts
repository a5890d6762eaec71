import { describe, expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { Cluster } from '../../../lib/broker/kafkajs/cluster.js';
import type { Protocol } from '../../../lib/broker/kafkajs/internals.js';
import { KafkajsProducer } from '../../../lib/broker/kafkajs/producer.js';
import { ByteReader } from '../../../lib/broker/kafkajs/wire/byte-reader.js';
import type { ProducedBatch } from '../../../lib/broker/kafkajs/wire/produce.js';
import type { SendResult } from '../../../lib/broker/producer.js';
import type { ProducerRecord, TopicPartition } from '../../../lib/broker/record.js';

/** A batch of a request, by what its header says. */
interface Sent extends TopicPartition {
  readonly leader: number;
  readonly id: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly bytes: Buffer;
}

type Answer = number | 'connection lost';

/** Brokers that answer as the test says: by default, they store what they are sent. */
class ScriptedCluster {
  readonly requests: Sent[][] = [];
  /** What happens to the next batches of each partition. */
  readonly answers = new Map<number, Answer[]>();
  logStartOffset = 0n;
  /** The answers to the next requests for a producer id. */
  readonly idErrors: number[] = [];
  private producerIds = 6n;
  private offsets = 0n;

  readonly node = (leader: number) => ({
    send: async <T>({ request }: Protocol<T>) => {
      const { buffer } = await request.encode();
      return request.apiName === 'Produce' ? this.produce(leader, buffer) : this.initProducerId();
    },
  });
  readonly any = async () => this.node(1);
  /** Even partitions are led by broker 2, odd ones by broker 1. */
  readonly leaderOf = ({ partition }: TopicPartition) => (partition % 2 === 0 ? 2 : 1);
  readonly refresh = async () => [];
  readonly connect = async () => undefined;
  readonly close = () => undefined;

  private initProducerId() {
    const errorCode = this.idErrors.shift() ?? 0;
    if (errorCode === 0) this.producerIds += 1n;
    return { errorCode, producerId: this.producerIds };
  }

  private produce(leader: number, bytes: Buffer): ProducedBatch[] {
    const sent = batchesOf(leader, bytes);
    this.requests.push(sent);
    const answers = sent.map(({ partition }) => this.answers.get(partition)?.shift() ?? 0);
    if (answers.includes('connection lost'))
      throw new BrokerError('unavailable', 'lost', { retriable: true });
    return sent.map(({ topic, partition }, index) => {
      const errorCode = answers[index] as number;
      const baseOffset = errorCode === 0 ? this.offsets++ : -1n;
      return { topic, partition, errorCode, baseOffset, logStartOffset: this.logStartOffset };
    });
  }

  /** What was sent to a partition. */
  sentTo(partition: number): Sent[] {
    return this.requests.flat().filter((sent) => sent.partition === partition);
  }
}

function batchesOf(leader: number, request: Buffer): Sent[] {
  const reader = new ByteReader(request);
  reader.raw(2 + 2 + 4);
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      const bytes = Buffer.from(reader.raw(reader.int32()));
      const id = Number(bytes.readBigInt64BE(43));
      const [epoch, sequence] = [bytes.readInt16BE(51), bytes.readInt32BE(53)];
      return { leader, topic, partition, id, epoch, sequence, bytes };
    });
  });
  return topics.flat();
}

function setUp({ idempotent = true } = {}) {
  const cluster = new ScriptedCluster();
  const producer = new KafkajsProducer(cluster as unknown as Cluster, { idempotent });
  const send = (...partitions: number[]) => producer.send(partitions.map((partition) => recordOf(partition)));
  return { cluster, producer, send };
}

const recordOf = (partition: number, size = 0): ProducerRecord => ({
  topic: 't',
  partition,
  key: null,
  value: Buffer.alloc(size),
  headers: [],
});

const stampsOf = (sent: readonly Sent[]) => sent.map(({ id, epoch, sequence }) => [id, epoch, sequence]);
const failed = (results: readonly SendResult[]) => results.map((result) => result instanceof BrokerError);

describe('the producer of the kafkajs driver', () => {
  it('writes calls of one turn in one request to each leader', async () => {
    const { cluster, producer, send } = setUp();
    await producer.connect();
    await Promise.all([send(0), send(1), send(2, 3)]);
    expect(cluster.requests.map((sent) => sent.map(({ leader, partition }) => [leader, partition]))).toEqual([
      [[2, 0], [2, 2]], // prettier-ignore
      [[1, 1], [1, 3]], // prettier-ignore
    ]);
  });

  it('writes too large a batch for itself, whatever the broker makes of it', async () => {
    const { cluster, producer } = setUp();
    await producer.connect();
    await Promise.all([producer.send([recordOf(0)]), producer.send([recordOf(2, 2_000_000)])]);
    expect(cluster.requests.map((sent) => sent.map(({ partition }) => partition))).toEqual([[2], [0]]);
  });

  it('counts the records of each partition', async () => {
    const { cluster, send } = setUp();
    await send(0, 0, 1);
    await send(0);
    expect(stampsOf(cluster.sentTo(0))).toEqual([[7, 0, 0], [7, 0, 2]]); // prettier-ignore
    expect(stampsOf(cluster.sentTo(1))).toEqual([[7, 0, 0]]);
  });

  it('stamps nothing when it is not to be idempotent', async () => {
    const { cluster, send } = setUp({ idempotent: false });
    await send(0);
    expect(stampsOf(cluster.sentTo(0))).toEqual([[-1, -1, -1]]);
  });

  it('repeats the same bytes after a lost connection, and lets no later batch overtake', async () => {
    const { cluster, send } = setUp();
    cluster.answers.set(0, ['connection lost', 6]);
    const results = await Promise.all([send(0, 0), send(0)]);
    const [first, second, third, next] = cluster.sentTo(0);
    expect(second.bytes).toEqual(first.bytes);
    expect(third.bytes).toEqual(first.bytes);
    expect(stampsOf([next])).toEqual([[7, 0, 2]]);
    expect(results.flat().map((result) => 'offset' in result && result.offset)).toEqual([0n, 1n, 1n]);
  });

  it('does not repeat the batches of other partitions', async () => {
    const { cluster, producer, send } = setUp();
    await producer.connect();
    cluster.answers.set(0, [6]);
    await Promise.all([send(0), send(2)]);
    expect(cluster.sentTo(0)).toHaveLength(2);
    expect(cluster.sentTo(2)).toHaveLength(1);
  });

  it('takes a duplicate for stored', async () => {
    const { cluster, send } = setUp();
    cluster.answers.set(0, [46]);
    expect(await send(0, 0)).toEqual([
      { topic: 't', partition: 0, offset: -1n },
      { topic: 't', partition: 0, offset: -1n },
    ]);
    await send(0);
    expect(stampsOf(cluster.sentTo(0))).toEqual([[7, 0, 0], [7, 0, 2]]); // prettier-ignore
  });

  it.each([
    ['has lost earlier records', 45],
    ['has lost the state of the producer', 59],
  ])('counts anew, in the next epoch, when the leader %s', async (_, errorCode) => {
    const { cluster, send } = setUp();
    await send(0, 1);
    cluster.answers.set(0, [errorCode]);
    expect(failed(await send(0))).toEqual([false]);
    await send(0, 1);
    expect(stampsOf(cluster.sentTo(0))).toEqual([[7, 0, 0], [7, 0, 1], [7, 1, 0], [7, 1, 1]]); // prettier-ignore
    expect(stampsOf(cluster.sentTo(1))).toEqual([[7, 0, 0], [7, 0, 1]]); // prettier-ignore
  });

  it('only asks again when the partition has just moved away', async () => {
    const { cluster, send } = setUp();
    cluster.logStartOffset = -1n;
    cluster.answers.set(0, [59]);
    expect(failed(await send(0))).toEqual([false]);
    expect(stampsOf(cluster.sentTo(0))).toEqual([[7, 0, 0], [7, 0, 0]]); // prettier-ignore
  });

  it('uses no number twice after it has given a batch up', async () => {
    const { cluster, send } = setUp();
    await send(0);
    cluster.answers.set(0, ['connection lost', 29]);
    expect(await send(0)).toMatchObject([{ code: 'authorization-failed' }]);
    expect(failed(await send(0))).toEqual([false]);
    expect(stampsOf(cluster.sentTo(0).slice(-2))).toEqual([[7, 0, 1], [7, 1, 0]]); // prettier-ignore
  });

  it('goes on under another producer id when somebody else writes with its own', async () => {
    const { cluster, send } = setUp();
    cluster.answers.set(0, [47]);
    expect(await send(0)).toMatchObject([{ code: 'unavailable', retriable: true }]);
    expect(failed(await send(0, 1))).toEqual([false, false]);
    expect(stampsOf(cluster.sentTo(0))).toEqual([[7, 0, 0], [8, 0, 0]]); // prettier-ignore
  });

  it('says what to do when the cluster does not let it be idempotent', async () => {
    const { cluster, producer, send } = setUp();
    cluster.idErrors.push(31, 31);
    const refusal = { code: 'authorization-failed', message: expect.stringMatching(/idempotent: false/) };
    await expect(producer.connect()).rejects.toMatchObject(refusal);
    expect(await send(0)).toMatchObject([refusal]);
    expect(cluster.requests).toEqual([]);
  });

  it('waits for a coordinator of producer ids that is not ready yet', async () => {
    const { cluster, producer } = setUp();
    cluster.idErrors.push(14);
    await producer.connect();
    expect(cluster.idErrors).toEqual([]);
  });

  it('says so when a record cannot be encoded, and sends the others', async () => {
    const { cluster, producer } = setUp();
    const results = await producer.send([recordOf(0), { ...recordOf(2), timestamp: Number.NaN }]);
    expect(results).toMatchObject([{ partition: 0 }, { code: 'invalid-argument' }]);
    expect(cluster.sentTo(2)).toEqual([]);
  });
});
