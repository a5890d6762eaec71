import type { CallOptions } from '../client/call-options.js';
import type { CallTarget } from '../client/call-address.js';
import { type AsyncCallResponse, responseOf } from '../client/async-call-response.js';
import { Caller } from '../client/caller.js';
import type { PublishOptions } from '../client/publish-options.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { jsonSerializer } from '../protocol/json-serializer.js';
import { resolveOptions } from '../module/resolve-options.js';
import type { Calls } from './calls.js';
import type { Handled } from './deliveries.js';
import { SimulatedProcess } from './simulated-process.js';
import { TestingBroker } from './testing-broker.js';
import type { TestWorld } from './test-world.js';

/** A response that has come. */
export interface TestedValue<T = unknown> extends AsyncCallResponse<T> {
  readonly kind: 'response';
}

/** Why there are no more. */
export interface TestedFailure {
  readonly kind: 'failure';
  /** What the caller gets: with code, status, message and details. */
  readonly error: AsyncCallError;
  /** How many responses came before. */
  readonly seq: number;
}

/** What comes of a call: its responses, and a failure at the end if it has failed. */
export type TestedResponse<T = unknown> = TestedValue<T> | TestedFailure;

/** The name of the service that calls for the test. */
export const TEST_SERVICE = 'test';

/** Calls what is under test, as another service would. */
export class TestClient {
  private readonly caller: Caller;
  private readonly process: SimulatedProcess;

  constructor(
    private readonly world: TestWorld,
    calls: Calls,
  ) {
    const process = new SimulatedProcess(world.time.createProcess());
    const { prefix } = world;
    const sender = { service: TEST_SERVICE, serializer: jsonSerializer, prefix };
    const broker = new TestingBroker(world, process, sender);
    const options = { service: TEST_SERVICE, broker, topics: { prefix } };
    const { client } = resolveOptions(options, {
      environment: process.environment,
      optionsOf: (configured) => configured,
      onCall: (call, service) => calls.add(call, service, process),
    });
    this.process = process;
    this.caller = new Caller(client, {
      headersFor: () => undefined,
      onUnobservedError: () => undefined,
      onState: () => undefined,
      onCancelLost: () => undefined,
    });
  }

  /** Resolves when calls leave at once. */
  connect(): Promise<void> {
    return this.caller.connect();
  }

  /** Resolves at the end of the stream, however it ends. */
  call<T>(target: CallTarget, data: unknown, options: CallOptions): Promise<TestedResponse<T>[]> {
    const responses: TestedResponse<T>[] = [];
    return new Promise((resolve) => {
      this.caller.start(
        { kind: 'request', target, data, options },
        {
          next: (value, response, call) =>
            responses.push({ kind: 'response', ...responseOf(value, response, call), value: value as T }),
          error: (error) => {
            responses.push({ kind: 'failure', error: AsyncCallError.from(error), seq: responses.length });
            resolve(responses);
          },
          complete: () => resolve(responses),
        },
      );
    });
  }

  /** Resolves when every group that reads it has dealt with it. Rejects if it cannot be sent. */
  async send(target: CallTarget, data: unknown, options: CallOptions & PublishOptions): Promise<Handled[]> {
    const requestId = await this.stored(target, data, options);
    return this.world.handled(requestId);
  }

  async close(): Promise<void> {
    await this.caller.close();
    this.process.kill();
  }

  private stored(target: CallTarget, data: unknown, options: CallOptions & PublishOptions): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = this.caller.start(
        { kind: 'one-way', target, data, options },
        { next: () => undefined, error: reject, complete: () => resolve(call.requestId) },
      );
    });
  }
}
