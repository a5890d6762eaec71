import { execFile, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import kafkajs, { type Admin, type Consumer, type Kafka, type Producer } from 'kafkajs';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import { Processes } from './processes.js';
import { ServerService } from './services.js';

jest.setTimeout(120_000);

const KCAT_MS = 20_000;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A request by hand. */
interface Request {
  readonly headers: Readonly<Record<string, string | Buffer>>;
  readonly value: string | null;
}

/** An answer, as a foreign program reads it. */
interface Answer {
  readonly partition: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string | null;
  /** The value as it came; kcat does not print it. */
  readonly bytes?: Buffer;
}

/** A program that knows Kafka, but not this library. */
interface ForeignCaller {
  readonly replyTopic: string;
  send(topic: string, request: Request): Promise<void>;
  /** The answers to that request, as soon as there are so many. */
  answers(correlationId: string, partition: number, count: number): Promise<Answer[]>;
}

describeOnKafka('a handwritten request', () => {
  const processes = new Processes();
  let server: ServerService;
  beforeAll(async () => {
    server = await ServerService.start(processes, { service: uniqueName('server') });
  });
  afterAll(() => processes.end());

  describe('of a program with kafkajs', () => {
    let caller: KafkajsCaller;
    beforeAll(async () => {
      caller = await KafkajsCaller.connect();
    });
    afterAll(() => caller?.close());

    itIsAnswered(
      () => caller,
      () => server,
    );

    it('with the partition as Spring writes it is answered there', async () => {
      const correlationId = uniqueName('spring');
      const partition = Buffer.alloc(4);
      partition.writeInt32BE(1);
      const headers = {
        kafka_correlationId: correlationId,
        kafka_replyTopic: caller.replyTopic,
        kafka_replyPartition: partition,
        'ac-endpoint': '/echo',
      };

      await caller.send(`${server.service}.requests`, { headers, value: '"from Spring"' });

      const [answer] = await caller.answers(correlationId, 1, 1);
      expect(answer).toMatchObject({ partition: 1, value: '"from Spring"' });
    });
  });

  describe('of a program with kafkajs that reads frames', () => {
    let caller: KafkajsCaller;
    beforeAll(async () => {
      caller = await KafkajsCaller.connect();
    });
    afterAll(() => caller?.close());

    const send = async (correlationId: string, size: string, accept: Readonly<Record<string, string>>) => {
      const headers = {
        kafka_correlationId: correlationId,
        kafka_replyTopic: caller.replyTopic,
        kafka_replyPartition: '0',
        'ac-endpoint': '/bytes-between',
        ...accept,
      };
      await caller.send(`${server.service}.requests`, { headers, value: size });
    };

    it('is answered with one record, laid out as the document says', async () => {
      const correlationId = uniqueName('frames');
      await send(correlationId, '3', { 'ac-accept': 'something-new, frames' });

      const [answer] = await caller.answers(correlationId, 0, 1);
      expect(answer.headers).toEqual({
        kafka_correlationId: correlationId,
        'ac-version': '1',
        'ac-kind': 'frames',
        'ac-id': expect.stringMatching(UUID_V7) as unknown,
        'ac-seq': '0',
        'ac-epoch': expect.stringMatching(/^\d+$/) as unknown,
        'ac-attempt': '1',
        'ac-source': expect.stringContaining(`${server.service}/`) as unknown,
      });
      expect(framesOf(answer.bytes ?? Buffer.alloc(0))).toEqual([
        ['next', 'application/json', '"before"'],
        ['next', 'application/octet-stream', 'xxx'],
        ['last', 'application/json', '"after"'],
      ]);
    });

    it('is answered with records of single responses where it does not say so', async () => {
      const correlationId = uniqueName('single');
      await send(correlationId, '3', { 'ac-accept': 'something-new' });

      const answers = await caller.answers(correlationId, 0, 3);
      expect(answers.map(({ headers, value }) => [headers['ac-kind'], headers['ac-seq'], value])).toEqual([
        ['next', '0', '"before"'],
        ['next', '1', 'xxx'],
        ['last', '2', '"after"'],
      ]);
    });
  });

  const installed = spawnSync('kcat', ['-V']).status === 0;
  (installed ? describe : describe.skip)("of Debian's kcat (skipped if it is not installed)", () => {
    let topic: ReplyTopic;
    let caller: ForeignCaller;
    beforeAll(async () => {
      topic = await ReplyTopic.create();
      caller = kcatCaller(topic.name);
    });
    afterAll(() => topic?.close());

    itIsAnswered(
      () => caller,
      () => server,
    );
  });
});

function itIsAnswered(callerOf: () => ForeignCaller, serverOf: () => ServerService): void {
  it('with all headers is answered with each value and the end', async () => {
    const caller = callerOf();
    const { service } = serverOf();
    const correlationId = uniqueName('by-hand');
    const headers = {
      kafka_correlationId: correlationId,
      kafka_replyTopic: caller.replyTopic,
      kafka_replyPartition: '1',
      'ac-version': '1',
      'ac-kind': 'request',
      'ac-endpoint': '/fail-after',
    };

    await caller.send(`${service}.requests`, { headers, value: '2' });

    const answers = await caller.answers(correlationId, 1, 3);
    const expected = (kind: string, seq: number) => ({
      kafka_correlationId: correlationId,
      'ac-version': '1',
      'ac-kind': kind,
      'ac-id': expect.stringMatching(UUID_V7) as unknown,
      'ac-seq': String(seq),
      'ac-epoch': expect.stringMatching(/^\d+$/) as unknown,
      'ac-attempt': '1',
      'ac-source': expect.stringContaining(`${service}/`) as unknown,
      'content-type': 'application/json',
    });
    expect(answers.map((answer) => answer.headers)).toEqual([
      expected('next', 0),
      expected('next', 1),
      expected('error', 2),
    ]);
    expect(answers.map(({ partition }) => partition)).toEqual([1, 1, 1]);
    expect(answers.map(({ value }) => JSON.parse(value ?? '') as unknown)).toEqual([
      0,
      1,
      {
        statusCode: 400,
        code: 'bad-request',
        message: 'That is enough',
        details: { message: 'That is enough', emitted: 2 },
      },
    ]);
  });

  it('with the least headers and no payload is answered', async () => {
    const caller = callerOf();
    const { service } = serverOf();
    const correlationId = uniqueName('minimal');
    const headers = {
      kafka_correlationId: correlationId,
      kafka_replyTopic: caller.replyTopic,
      kafka_replyPartition: '0',
      'ac-endpoint': '/inspect',
    };

    await caller.send(`${service}.requests`, { headers, value: null });

    const [answer] = await caller.answers(correlationId, 0, 1);
    expect(answer).toMatchObject({
      partition: 0,
      headers: { kafka_correlationId: correlationId, 'ac-version': '1', 'ac-kind': 'last', 'ac-seq': '0' },
      value: '"undefined"',
    });
  });

  it('to an endpoint that there is not is answered with the error', async () => {
    const caller = callerOf();
    const { service } = serverOf();
    const correlationId = uniqueName('unknown');
    const headers = {
      kafka_correlationId: correlationId,
      kafka_replyTopic: caller.replyTopic,
      kafka_replyPartition: '0',
      'ac-version': '1',
      'ac-kind': 'request',
      'ac-endpoint': '/no-such-endpoint',
    };

    await caller.send(`${service}.requests`, { headers, value: '{}' });

    const [answer] = await caller.answers(correlationId, 0, 1);
    expect(answer?.headers).toMatchObject({ 'ac-kind': 'error', 'ac-seq': '0' });
    expect(JSON.parse(answer?.value ?? '')).toMatchObject({ statusCode: 501, code: 'unknown-endpoint' });
  });
}

/** What a foreign program makes of a record of frames, from docs/protocol.md alone: kind, content type and payload. */
function framesOf(value: Buffer): unknown[][] {
  const frames: unknown[][] = [];
  let named: string | undefined;
  let at = 0;
  const part = () => {
    const start = at + 4;
    at = start + value.readUInt32BE(at);
    return value.subarray(start, at).toString();
  };
  while (at < value.length) {
    const flags = value[at++];
    const typeFlag = (flags >> 3) & 3;
    if (typeFlag === 2) named = part();
    const kind = ['next', 'last', 'complete', 'error'][flags & 3];
    frames.push([kind, typeFlag === 0 ? undefined : named, flags & 4 ? part() : null]);
  }
  return frames;
}

/** A reply topic of two partitions, made by hand. */
class ReplyTopic {
  private constructor(
    readonly name: string,
    readonly kafka: Kafka,
    private readonly admin: Admin,
  ) {}

  static async create(): Promise<ReplyTopic> {
    const client = new kafkajs.Kafka({ brokers: kafkaBootstrap() ?? [], logLevel: kafkajs.logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    const topic = uniqueName('by-hand.replies');
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
    return new ReplyTopic(topic, client, admin);
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }
}

class KafkajsCaller implements ForeignCaller {
  private readonly received: Answer[] = [];

  private constructor(
    private readonly topic: ReplyTopic,
    private readonly producer: Producer,
    private readonly consumer: Consumer,
  ) {}

  static async connect(): Promise<KafkajsCaller> {
    const topic = await ReplyTopic.create();
    const producer = topic.kafka.producer();
    const consumer = topic.kafka.consumer({ groupId: uniqueName('by-hand') });
    const caller = new KafkajsCaller(topic, producer, consumer);
    await producer.connect();
    await consumer.connect();
    await consumer.subscribe({ topics: [topic.name], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message: { headers = {}, value } }) => {
        const texts = Object.entries(headers).map(([name, bytes]) => [name, String(bytes)] as const);
        caller.received.push({
          partition,
          headers: Object.fromEntries(texts),
          value: value?.toString() ?? null,
          bytes: value ?? undefined,
        });
      },
    });
    return caller;
  }

  get replyTopic(): string {
    return this.topic.name;
  }

  async send(topic: string, { headers, value }: Request): Promise<void> {
    await this.producer.send({ topic, messages: [{ headers: { ...headers }, value }] });
  }

  answers(correlationId: string, partition: number, count: number): Promise<Answer[]> {
    return waitFor(
      () => {
        const own = this.received.filter(
          (each) => each.partition === partition && each.headers['kafka_correlationId'] === correlationId,
        );
        return own.length >= count ? own : undefined;
      },
      { what: `${count} answers to ${correlationId}` },
    );
  }

  async close(): Promise<void> {
    await this.consumer.disconnect();
    await this.producer.disconnect();
    await this.topic.close();
  }
}

/** One message in kcat's own JSON. */
interface KcatMessage {
  readonly partition: number;
  readonly headers: readonly string[];
  readonly payload: string | null;
}

function kcatCaller(replyTopic: string): ForeignCaller {
  const read: Answer[] = [];
  return {
    replyTopic,

    async send(topic, { headers, value }) {
      const options = Object.entries(headers).flatMap(([name, text]) => ['-H', `${name}=${text.toString()}`]);
      const partition = String(randomInt(6));
      // `-Z` makes the empty key, before the colon, and an empty payload behind it null.
      await kcat(['-P', '-t', topic, '-p', partition, '-Z', '-K:', ...options], `:${value ?? ''}`);
    },

    async answers(correlationId, partition, count) {
      // Waits for as many messages behind those of earlier tests.
      const before = read.filter((each) => each.partition === partition).length;
      const end = ['-o', String(before), '-c', String(count)];
      const output = await kcat(['-C', '-q', '-J', '-t', replyTopic, '-p', String(partition), ...end]);
      const answers = output.trim().split('\n').map(parseKcatMessage);
      read.push(...answers);
      return answers.filter((each) => each.headers['kafka_correlationId'] === correlationId);
    },
  };
}

function parseKcatMessage(line: string): Answer {
  const { partition, headers, payload } = JSON.parse(line) as KcatMessage;
  const pairs = Array.from({ length: headers.length / 2 }, (_, pair) =>
    headers.slice(2 * pair, 2 * pair + 2),
  );
  return { partition, headers: Object.fromEntries(pairs) as Record<string, string>, value: payload };
}

/** Runs kcat; resolves with what it prints. */
function kcat(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'kcat',
      ['-b', (kafkaBootstrap() ?? []).join(','), ...args],
      { timeout: KCAT_MS },
      (error, stdout, stderr) => {
        const failure = error?.message ?? (child.killed ? `nothing more for ${KCAT_MS} ms` : undefined);
        if (failure) reject(new Error(`kcat ${args.join(' ')}: ${failure}\n${stdout}${stderr}`));
        else resolve(stdout);
      },
    );
    child.stdin?.end(input);
  });
}
