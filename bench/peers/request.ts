/** What a server is asked to do. */
export interface BenchRequest {
  /**
   * `echo`: answer at once; `wait`: after `waitMs`; `in-order`: likewise, and check the order of the lane; `hold`: when
   * the server is told to release; `stream`: `length` responses at once; `turns`: each in a turn of its own;
   * `iterable`: from an async iterable, which a peer may hold up.
   */
  readonly op: 'echo' | 'wait' | 'in-order' | 'hold' | 'stream' | 'turns' | 'iterable';
  /** Tells the requests of one measurement apart; the place in its lane for `in-order`. */
  readonly n: number;
  /** Makes the request as large as the case wants it. */
  readonly text?: string;
  readonly waitMs?: number;
  readonly length?: number;
  /** Not named `key`: Nest's Kafka transport takes an object with that for a record. */
  readonly lane?: string;
  /** Of one-way calls: when their measurement began, so that a late repeat of another one is known as such. */
  readonly batch?: number;
}

/** One response of a stream. */
export interface StreamItem {
  readonly seq: number;
}

/** The answer has to be the request itself. */
export function checkAnswer(answer: unknown, { n, text }: BenchRequest): void {
  const given = answer as Partial<BenchRequest> | null | undefined;
  if (given?.n === n && given.text?.length === text?.length) return;
  throw new Error(`Wrong answer to request ${n}: ${JSON.stringify(answer)?.slice(0, 200)}`);
}
