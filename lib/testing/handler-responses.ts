import { BrokerError } from '../broker/broker-error.js';
import type { Producer } from '../broker/producer.js';
import { TopicDirectory } from '../broker/topic-directory.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { EndpointAddress } from '../protocol/endpoint-address.js';
import { jsonSerializer } from '../protocol/json-serializer.js';
import { MessageIds } from '../protocol/message-ids.js';
import { encodeAnsweredCall } from '../protocol/response-state.js';
import { type FrameBody, responseRecord } from '../protocol/response.js';
import { mapError } from '../server/error-mapping.js';
import { replyPlace } from '../server/response-writer.js';
import type { Handled } from './deliveries.js';
import type { SimulatedProcess } from './simulated-process.js';
import { TestingBroker } from './testing-broker.js';
import type { TestWorld } from './test-world.js';

/** What stands beside the values of an answer that comes to handlers. */
export interface RespondOptions {
  /** The service under test that has made the call. Default: the only one. */
  readonly to?: string;
  /** What it has given with the call. */
  readonly state?: unknown;
  /** What the call fails with after the values. Default: it ends well. */
  readonly error?: unknown;
}

/** Answers a call that was never made: the responses come to the handlers of the service that is said to have made it. */
export class HandlerResponses {
  constructor(
    private readonly world: TestWorld,
    private readonly process: SimulatedProcess,
  ) {}

  /** Resolves when each response, and the end, has been dealt with. */
  async send(
    from: EndpointAddress,
    to: string,
    values: readonly unknown[],
    { state, error }: RespondOptions,
  ): Promise<Handled[]> {
    const { prefix } = this.world;
    const topic = `${prefix}${to}.responses`;
    if (this.world.groupsReading(topic).length === 0) throw noHandler(to, from);
    const sender = { service: from.service, serializer: jsonSerializer, prefix };
    const producer = new TestingBroker(this.world, this.process, sender).createProducer({ clientId: 'test' });
    const replyTo = { topic, state: encodeAnsweredCall({ ...from, state }) };
    const end: FrameBody =
      error === undefined ? { kind: 'complete' } : { kind: 'error', error: mapError(error).error };
    const bodies: FrameBody[] = values.map((value) => ({
      kind: 'next',
      payload: jsonSerializer.serialize(value),
    }));
    try {
      return await this.sendAll(producer, `${from.service}/test`, replyTo, [...bodies, end]);
    } finally {
      await producer.close();
    }
  }

  private async sendAll(
    producer: Producer,
    source: string,
    replyTo: { readonly topic: string; readonly state: Buffer },
    bodies: readonly FrameBody[],
  ): Promise<Handled[]> {
    const { environment } = this.process;
    const ids = new MessageIds(environment);
    const correlationId = Buffer.from(ids.next());
    const admin = this.world.broker.createAdmin({ clientId: source });
    const place = await replyPlace(new TopicDirectory(admin, environment), { correlationId, replyTo });
    await admin.close();
    const head = { epoch: 0, attempt: 1, correlationId, source, state: replyTo.state };
    const records = bodies.map((body, seq) => ({
      ...place,
      key: null,
      ...responseRecord({ ...head, id: ids.next(), seq }, body),
    }));
    const ends = (await producer.send(records)).map((result) => {
      if (result instanceof BrokerError) throw result;
      return this.world.handledAt(result);
    });
    return (await Promise.all(ends)).flat();
  }
}

function noHandler(to: string, { service, endpoint }: EndpointAddress): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    `"${to}" has no handler of responses: write one, @AsyncResponse('${service}', '${endpoint}').`,
  );
}
