import { afterEach } from '@jest/globals';
import type { AssignedConsumer, Broker, ConsumerRecord, Producer } from 'nestjs-async-calls';
import { cancelledRequestOf } from '../../lib/protocol/cancel.js';
import { jsonSerializer } from '../../lib/protocol/json-serializer.js';
import { decodeRequest, type IncomingRequest } from '../../lib/protocol/request.js';
import { encodeResponse, type FrameBody } from '../../lib/protocol/response.js';
import { uniqueName, waitFor } from './kafka.js';

/** A frame of a stream, of a delivery that a test makes up. */
export type Frame = FrameBody & { readonly seq: number; readonly epoch?: number };

const running: ScriptedService[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.close()));
});

/** A value that is followed by others. */
export function next(seq: number, value: unknown, delivery: Pick<Frame, 'epoch'> = {}): Frame {
  return { kind: 'next', payload: jsonSerializer.serialize(value), seq, ...delivery };
}

/** A value that is the end. */
export function last(seq: number, value: unknown): Frame {
  return { kind: 'last', payload: jsonSerializer.serialize(value), seq };
}

/**
 * A service whose part the test plays: it sees each record of the request topic, which has one partition, and writes
 * what responses it likes. It is closed after the test.
 */
export class ScriptedService {
  /** All that was written to the request topic, in its order. */
  readonly records: ConsumerRecord[] = [];
  private readonly producer: Producer;
  private readonly consumer: AssignedConsumer;

  private constructor(
    readonly name: string,
    private readonly broker: Broker,
  ) {
    const onBatch = (batch: { records: readonly ConsumerRecord[] }) =>
      void this.records.push(...batch.records);
    this.producer = broker.createProducer({ clientId: name });
    this.consumer = broker.createAssignedConsumer({ clientId: name }, { listener: { onBatch } });
    running.push(this);
  }

  static async start(broker: Broker): Promise<ScriptedService> {
    const service = new ScriptedService(uniqueName('scripted'), broker);
    await service.open();
    return service;
  }

  /** The ids of the requests that were given up so far. */
  get cancelled(): string[] {
    return this.records.flatMap((record) => cancelledRequestOf(record)?.toString() ?? []);
  }

  /** The n-th request that comes, from 0; cancels do not count. */
  async request(index: number): Promise<IncomingRequest> {
    const requests = () => this.records.filter((record) => cancelledRequestOf(record) === undefined);
    const record = await waitFor(() => requests()[index], { what: `request ${index}` });
    return decodeRequest(record);
  }

  /** Writes frames to a request, in this order; their delivery is the first one of epoch 1 if they do not say. */
  async respond({ correlationId, replyTo }: IncomingRequest, ...frames: Frame[]): Promise<void> {
    const { topic, partition } = replyTo as { topic: string; partition: number };
    const records = frames.map(({ seq, epoch = 1, ...body }) => ({
      topic,
      partition,
      key: null,
      ...encodeResponse({
        ...body,
        seq,
        epoch,
        attempt: 1,
        correlationId,
        id: uniqueName('response'),
        source: `${this.name}/${epoch}`,
      }),
    }));
    await this.producer.send(records);
  }

  async close(): Promise<void> {
    await Promise.all([this.producer.close(), this.consumer.close()]);
  }

  private async open(): Promise<void> {
    const topic = `${this.name}.requests`;
    const admin = this.broker.createAdmin({ clientId: this.name });
    await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
    await admin.close();
    await Promise.all([
      this.producer.connect(),
      this.consumer.assign([{ topic, partition: 0, start: 'earliest' }]),
    ]);
  }
}
