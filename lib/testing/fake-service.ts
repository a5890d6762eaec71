import type { Admin } from '../broker/admin.js';
import type { GroupConsumer } from '../broker/consumer.js';
import type { Producer } from '../broker/producer.js';
import type { ConsumerRecord, TopicPartition } from '../broker/record.js';
import { TopicDirectory } from '../broker/topic-directory.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { cancelledRequestOf } from '../protocol/cancel.js';
import { jsonSerializer } from '../protocol/json-serializer.js';
import { MessageIds } from '../protocol/message-ids.js';
import { decodeRequest, type IncomingRequest } from '../protocol/request.js';
import { parseSource } from '../protocol/source.js';
import { replyPlace } from '../server/response-writer.js';
import { FakeAnswer } from './fake-answer.js';
import type { FakeEndpoint, FakeRequest, FakeStep } from './fake-endpoint.js';
import type { SimulatedProcess } from './simulated-process.js';
import { TestingBroker } from './testing-broker.js';
import type { TestWorld } from './test-world.js';

const PARTITIONS = 3;

/** A service that is not there: it reads the topic of its requests, and answers by script. */
export class FakeService {
  private readonly endpoints = new Map<string, FakeEndpoint>();
  private readonly counts = new Map<string, number>();
  private readonly answers = new Map<string, FakeAnswer>();
  private readonly admin: Admin;
  private readonly producer: Producer;
  private readonly consumer: GroupConsumer;
  private readonly directory: TopicDirectory;
  private readonly ids: MessageIds;
  private readonly source: string;
  private readonly topic: string;
  private readonly group: string;

  constructor(
    readonly name: string,
    private readonly world: TestWorld,
    private readonly process: SimulatedProcess,
  ) {
    const { prefix } = world;
    const { environment } = process;
    const broker = new TestingBroker(world, process, { service: name, serializer: jsonSerializer, prefix });
    this.source = `${name}/fake`;
    this.topic = `${prefix}${name}.requests`;
    this.group = `${prefix}${name}`;
    const identity = { clientId: this.source };
    // Not by way of the test's broker: that waits for what is being prepared, this among it.
    this.admin = world.broker.createAdmin(identity);
    this.producer = broker.createProducer(identity);
    this.directory = new TopicDirectory(this.admin, environment);
    this.ids = new MessageIds(environment);
    this.consumer = broker.createGroupConsumer(identity, {
      groupId: this.group,
      topics: [this.topic],
      startFrom: () => 'earliest',
      listener: { onBatch: ({ records }) => records.forEach((record) => this.take(record)) },
    });
  }

  /** What an endpoint answers from the next request on. */
  script(endpoint: string, fake: FakeEndpoint): void {
    this.endpoints.set(endpoint, fake);
  }

  async start(): Promise<void> {
    await this.admin.createTopics([{ topic: this.topic, partitions: PARTITIONS }]);
    await this.producer.connect();
    await this.consumer.start();
  }

  async close(): Promise<void> {
    await this.consumer.close();
    await this.producer.close();
    await this.admin.close();
  }

  private take(record: ConsumerRecord): void {
    const cancelled = cancelledRequestOf(record);
    if (cancelled) return this.answers.get(cancelled.toString('latin1'))?.cancel();
    const { group } = this;
    this.answer(record).then(
      () => this.world.deliveries.end(group, record, { group, as: 'served' }),
      (error: unknown) => {
        const failed = { group, as: 'failed', error: AsyncCallError.from(error) } as const;
        this.world.deliveries.end(group, record, failed);
      },
    );
  }

  private async answer(record: ConsumerRecord): Promise<void> {
    const request = decodeRequest(record, this.topic);
    const requestId = request.correlationId.toString('latin1');
    const asked = this.asked(request, record);
    const steps = this.stepsFor(request);
    const { producer, ids, source } = this;
    const answering = { producer, ids, source, environment: this.process.environment };
    const answer = new FakeAnswer(answering, request, asked, await this.placeOf(request));
    this.answers.set(requestId, answer);
    try {
      await answer.run(steps);
    } finally {
      this.answers.delete(requestId);
    }
  }

  private async placeOf({ correlationId, replyTo }: IncomingRequest): Promise<TopicPartition | undefined> {
    return replyTo && replyPlace(this.directory, { correlationId, replyTo });
  }

  private asked(request: IncomingRequest, { key }: ConsumerRecord): FakeRequest {
    const { endpoint, correlationId, headers, payload, source } = request;
    const count = (this.counts.get(endpoint) ?? 0) + 1;
    this.counts.set(endpoint, count);
    return {
      data: jsonSerializer.deserialize(payload),
      from: parseSource(source)?.service,
      count,
      requestId: correlationId.toString('utf8'),
      key: key && key.toString('utf8'),
      headers,
    };
  }

  private stepsFor({ endpoint }: IncomingRequest): readonly FakeStep[] {
    const fake = this.endpoints.get(endpoint);
    if (fake) return fake.script();
    const address = `${this.name}${endpoint}`;
    const message = `The test has no fake of ${address}: write tester.fake('${address}').responds(…)`;
    return [{ kind: 'fail', error: new AsyncCallError('unknown-endpoint', message) }];
  }
}
