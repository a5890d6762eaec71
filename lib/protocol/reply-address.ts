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
/** How responses are laid out for a caller that does not read this protocol: `nest` is the form of Nest's own transport. */
export type ReplyForm = 'nest';

/** The address that a request came with. */
export interface AnswerAddress extends ReplyAddress {
  /** Absent for this protocol's own. */
  readonly form?: ReplyForm;
}
