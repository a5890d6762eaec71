/** Times are milliseconds of one monotonic clock that all processes of a machine share. */
interface Timed {
  readonly at: number;
  /** Which process: an instance of the service, or a client. */
  readonly process: string;
}

/** A call is about to be made. */
export interface Sent extends Timed {
  readonly kind: 'sent';
  /** Told apart from all other calls, and to be found in the payload. */
  readonly call: string;
  readonly oneWay: boolean;
  readonly key?: string;
  /** The place among the calls of its key, in the order they were made. */
  readonly number: number;
  /** How many responses there are to be. */
  readonly parts: number;
  readonly timeoutMs: number;
}

/** The caller was handed a response. */
export interface Received extends Timed {
  readonly kind: 'received';
  readonly call: string;
  readonly requestId: string;
  readonly seq: number;
  /** What the handler has put into it: the call it answers, and its place. */
  readonly answers: string;
  readonly part: number;
}

/** How a call ended for its caller; a one-way call ends well when it was acknowledged. */
export interface Ended extends Timed {
  readonly kind: 'ended';
  readonly call: string;
  readonly error?: { readonly typed: boolean; readonly code: string; readonly message: string };
}

/** A handler was called. */
export interface Started extends Timed {
  readonly kind: 'started';
  /** Told apart from all other runs, also of the same request. */
  readonly run: string;
  readonly call: string;
  readonly key?: string;
  readonly number: number;
  readonly partition: number;
  readonly offset: number;
  readonly attempt: number;
}

/** A handler has emitted a response. */
export interface Emitted extends Timed {
  readonly kind: 'emitted';
  readonly run: string;
  readonly part: number;
}

/** A handler has ended by itself, or was cut off. */
export interface Finished extends Timed {
  readonly kind: 'finished';
  readonly run: string;
  readonly complete: boolean;
}

/** What the group had committed for a partition at some time shortly before. */
export interface Committed extends Timed {
  readonly kind: 'committed';
  readonly partition: number;
  readonly offset: number;
  /** Offsets from there on that the commit says are done. */
  readonly alsoDone: readonly number[];
}

/** A record of the request topic, read at the end. */
export interface Stored extends Timed {
  readonly kind: 'stored';
  readonly partition: number;
  readonly offset: number;
  readonly requestId: string;
  readonly call: string;
}

/** What was done from outside to a process, also one of a broker: `node-1` and so on. */
export interface Struck extends Timed {
  readonly kind: 'killed' | 'frozen' | 'thawed';
}

/** What the processes of a fault run write down, each before it goes on. */
export type HistoryEvent =
  Sent | Received | Ended | Started | Emitted | Finished | Committed | Stored | Struck;

/** An event as its process writes it. */
export type Untimed<E> = E extends HistoryEvent ? Omit<E, 'at' | 'process'> : never;
