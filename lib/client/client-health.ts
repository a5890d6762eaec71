import type { ConsumerActivity } from '../broker/consumer.js';
import type { StateHealth } from '../broker/state-history.js';
import type { ReplyPlace } from '../protocol/reply-address.js';

/** What a client knows of itself, at one moment and without asking the broker. Times are milliseconds since the epoch. */
export interface ClientHealth {
  readonly service: string;
  /** `service/instance`. */
  readonly source: string;
  /** Its state, as `status` tells it; `undefined` as long as it has made no call and was not connected. */
  readonly connection: StateHealth | undefined;
  /** The reader of replies; `undefined` while none is wanted: before the first request, and after it has failed. */
  readonly replies: RepliesHealth | undefined;
  /** How many calls wait for responses. */
  readonly inFlight: number;
  /** Whether it was closed, or is being closed. */
  readonly isClosed: boolean;
}

/** The reader of replies of a client. */
export interface RepliesHealth extends ConsumerActivity {
  /** What it reads; `undefined` until it is positioned: no request leaves before. */
  readonly place: ReplyPlace | undefined;
}
