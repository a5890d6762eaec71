import type { MessageHandler } from '@nestjs/microservices';
import type { AttemptDelivery, RequestDelivery } from '../delivery/delivery.js';
import type { Decode } from '../delivery/stages/decoded.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import type { IncomingRequest } from '../protocol/request.js';
import type { Serializer } from '../protocol/serializer.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { MessageContext } from './message-context.js';

/** What is particular to one kind of records: requests, events, responses that come to handlers. */
export interface RecordKind {
  readonly decode: Decode;
  /** What reads the values. Absent for the service's own. */
  readonly serializer?: Serializer;
  /** Whether this service has anything to do with it. Absent where it has to deal with all of them. */
  isWanted?(request: IncomingRequest): boolean;
  /** What is the same for all records of one message; `undefined` for one that cannot be told from others. */
  identityOf(delivery: RequestDelivery): string | undefined;
  /** How messages for a handler are run; `undefined` where it does not say. */
  optionsOf(endpoint: string): EndpointOptions | undefined;
  handlerOf(endpoint: string): MessageHandler | undefined;
  /** What the sender is told if there is no handler. */
  unhandled(endpoint: string): AsyncCallError;
  /** What the handler gets as its data. */
  dataOf(value: unknown, delivery: AttemptDelivery): unknown;
  contextOf(delivery: AttemptDelivery): MessageContext;
}
