/** Where the responses to a request go. */
export interface ReplyAddress {
  readonly topic: string;
  /** Absent if the caller leaves the choice to the service. */
  readonly partition?: number;
}
