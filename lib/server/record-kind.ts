import type { MessageHandler } from '@nestjs/microservices';
import type { AttemptDelivery, RequestDelivery } from '../delivery/delivery.js';
import type { NeedsLetter } from '../delivery/stages/dead-lettered.js';
import type { Decode } from '../delivery/stages/decoded.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import type { IncomingRequest } from '../protocol/request.js';
import type { Serializer } from '../protocol/serializer.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { BatchOptions } from './event-options.js';
import type { MessageContext } from './message-context.js';

/** A part of a message that is told by itself. */
export interface MessagePart {
  /** `undefined` for a message that has no such part. */
  identityOf(delivery: RequestDelivery): string | undefined;
  /** What is left of the message. */
  without(delivery: RequestDelivery): RequestDelivery;
}

/** What is particular to one kind of records: requests, events, responses that come to handlers. */
export interface RecordKind {
  readonly decode: Decode;
  /** What reads the values. Absent for the service's own. */
  readonly serializer?: Serializer;
  /** Whether this service has anything to do with it. Absent where it has to deal with all of them. */
  isWanted?(request: IncomingRequest): boolean;
  /** What is the same for all records of one message; `undefined` for one that cannot be told from others. */
  identityOf(delivery: RequestDelivery): string | undefined;
  /**
   * Where a message may have two parts: the first may have been run before without the second, and then only the second
   * is left. Absent where no message has.
   */
  readonly firstPart?: MessagePart;
  /** The identity of a message behind which this one is not run any more. Absent where there are no such messages. */
  endOf?(delivery: RequestDelivery): string | undefined;
  /** How messages for a handler are run; `undefined` where it does not say. */
  optionsOf(endpoint: string): EndpointOptions | undefined;
  handlerOf(endpoint: string): MessageHandler | undefined;
  /** How messages come together for one call of their handler; absent where each has a call of its own. */
  batchOf?(endpoint: string): BatchOptions | undefined;
  /** What its contract makes of each message of a batch; a promise only if that is asynchronous. Throws if it refuses it. */
  checkOf?(endpoint: string): ((data: unknown) => unknown) | undefined;
  readonly needsLetter: NeedsLetter;
  /** Whether it is handled though the place where its responses are to go does not exist (any more). Default false. */
  readonly isFact?: boolean;
  /** What the sender is told if there is no handler. */
  unhandled(endpoint: string): AsyncCallError;
  /** What the handler gets as its data. */
  dataOf(value: unknown, delivery: AttemptDelivery): unknown;
  contextOf(delivery: AttemptDelivery): MessageContext;
}
