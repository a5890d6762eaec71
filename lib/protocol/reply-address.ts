/** Where the responses to a request go. */
export interface ReplyAddress {
  readonly topic: string;
  /** Absent if the caller leaves the choice to the service. */
  readonly partition?: number;
  /** What stands on each response, byte by byte; absent for nothing. */
  readonly state?: Buffer;
}

/** The address of a caller that waits: it knows by itself what the responses are for. */
export type ReplyPlace = Required<Omit<ReplyAddress, 'state'>>;
