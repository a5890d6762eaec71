import { concatMap, isObservable, lastValueFrom, type Observable, takeUntil, Subject } from 'rxjs';
import { BrokerError } from '../broker/broker-error.js';
import type { Producer } from '../broker/producer.js';
import type { TopicPartition } from '../broker/record.js';
import type { Environment } from '../environment/environment.js';
import type { MessageIds } from '../protocol/message-ids.js';
import { encodeInForm, serializerFor } from '../protocol/reply-forms.js';
import { jsonSerializer } from '../protocol/json-serializer.js';
import type { IncomingRequest } from '../protocol/request.js';
import type { FrameBody } from '../protocol/response.js';
import { mapError } from '../server/error-mapping.js';
import { observeIterables } from '../server/iterable-source.js';
import type { FakeRequest, FakeStep, RawResponse } from './fake-endpoint.js';

/** What the answers of a fake service have in common. */
export interface FakeAnswering {
  readonly producer: Producer;
  readonly ids: MessageIds;
  /** `service/fake`. */
  readonly source: string;
  readonly environment: Environment;
}

/** The answer to one request, step by step. */
export class FakeAnswer {
  private seq = 0;
  private readonly cancelled = new Subject<void>();
  private isCancelled = false;

  constructor(
    private readonly answering: FakeAnswering,
    private readonly request: IncomingRequest,
    private readonly asked: FakeRequest,
    /** Where the responses go; absent on one-way calls. */
    private readonly place: TopicPartition | undefined,
  ) {}

  /** The caller has given the request up: no step follows. */
  cancel(): void {
    this.isCancelled = true;
    this.cancelled.next();
  }

  async run(steps: readonly FakeStep[]): Promise<void> {
    for (const step of steps) {
      if (this.isCancelled || !(await this.take(step))) return;
    }
  }

  /** Whether another step may follow. */
  private async take(step: FakeStep): Promise<boolean> {
    switch (step.kind) {
      case 'value':
        await this.next(step.value);
        return true;
      case 'function':
        return this.answerWith(step.answer as (request: FakeRequest) => unknown);
      case 'wait':
        await new Promise<void>((resolve) => this.answering.environment.setTimeout(resolve, step.ms));
        return true;
      case 'raw':
        await this.send(step.response);
        return true;
      case 'end':
        await this.send({ seq: this.seq, kind: 'complete' });
        return false;
      case 'fail':
        await this.fail(step.error);
        return false;
      case 'silence':
        return false;
    }
  }

  private async answerWith(answer: (request: FakeRequest) => unknown): Promise<boolean> {
    try {
      // As a method of an endpoint is treated.
      const result: unknown = await observeIterables(answer as never).call(undefined, this.asked);
      if (isObservable(result)) await this.writeAll(result);
      else await this.next(result);
      return true;
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      await this.fail(error);
      return false;
    }
  }

  private async writeAll(values: Observable<unknown>): Promise<void> {
    const written = values.pipe(
      takeUntil(this.cancelled),
      concatMap((value) => this.next(value)),
    );
    await lastValueFrom(written, { defaultValue: undefined });
  }

  private async next(value: unknown): Promise<void> {
    const { seq } = this;
    this.seq += 1;
    await this.send({ seq, value });
  }

  private async fail(error: unknown): Promise<void> {
    await this.send({ seq: this.seq, kind: 'error', error: mapError(error).error });
  }

  private async send(response: RawResponse): Promise<void> {
    if (!this.place) return;
    const { correlationId, replyTo } = this.request;
    const { seq, attempt = 1, epoch = 0 } = response;
    const { ids, source, producer } = this.answering;
    const head = { id: ids.next(), seq, attempt, epoch, correlationId, source, state: replyTo?.state };
    const record = encodeInForm(replyTo?.form, head, [bodyOf(response, this.request)]);
    const [result] = await producer.send([{ ...this.place, ...record }]);
    if (result instanceof BrokerError) throw result;
  }
}

function bodyOf({ kind = 'next', value, error }: RawResponse, { replyTo }: IncomingRequest): FrameBody {
  if (kind === 'complete') return { kind };
  if (kind === 'error') return { kind, error: mapError(error).error };
  return { kind, payload: serializerFor(replyTo?.form, jsonSerializer).serialize(value) };
}
