/** Where the responses to a request go. */
export interface ReplyAddress {
  readonly topic: string;
  /** Absent if the caller leaves the choice to the service. */
  readonly partition?: number;
}

/** How responses are laid out for a caller that does not read this protocol: `nest` is the form of Nest's own transport. */
export type ReplyForm = 'nest';

/** The address that a request came with. */
export interface AnswerAddress extends ReplyAddress {
  /** Absent for this protocol's own. */
  readonly form?: ReplyForm;
}
