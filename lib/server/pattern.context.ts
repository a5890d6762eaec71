import { AsyncCallError } from '../errors/async-call-error.js';
import { AsyncCallContext } from './async-call-context.js';
import { type PatternMessage, patternMessageOf } from './pattern-message.js';

/**
 * What a handler of a plain pattern may know of its message: as every endpoint, and by the methods of Nest's KafkaContext,
 * so that a handler that was written for Nest's own Kafka transport need not be changed.
 */
export class PatternContext extends AsyncCallContext {
  /** The record with its key, value and headers read as Nest reads them. */
  getMessage(): PatternMessage {
    return patternMessageOf(this.record);
  }

  getTopic(): string {
    return this.record.topic;
  }

  getPartition(): number {
    return this.record.partition;
  }

  /** What it returns does nothing: heartbeats do not depend on handlers. */
  getHeartbeat(): () => Promise<void> {
    return async () => undefined;
  }

  /** Throws `invalid-argument`: offsets are committed when a handler has ended, not by it. */
  getConsumer(): never {
    throw noDriver('getConsumer', 'Offsets are committed when the handler has ended.');
  }

  /** Throws `invalid-argument`: write by the client of this library. */
  getProducer(): never {
    throw noDriver('getProducer', 'Inject AsyncCallsClient to send.');
  }
}

function noDriver(method: string, instead: string): AsyncCallError {
  return new AsyncCallError('invalid-argument', `The context of a pattern has no ${method}(). ${instead}`);
}
