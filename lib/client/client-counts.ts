/** What a client has to do with at one moment, and has had since it was made. */
export interface ClientCounts {
  /** Calls that wait for responses now. */
  readonly pendingRequests: number;
  /** One-way calls that the broker has not acknowledged yet. */
  readonly pendingOneWayCalls: number;
  /** Records of responses that came for a call of this client that was over: given up, timed out, or answered twice. */
  readonly lateResponses: number;
  /**
   * Records of responses in this client's partition that are not for it: for another instance that shares the
   * partition, or for one that has gone.
   */
  readonly foreignResponses: number;
  /** Calls that were given up, of which the broker has stored the cancel. */
  readonly cancelsWritten: number;
  /** Calls that were given up, of which no cancel could be written: the service works on until their deadline. */
  readonly cancelsLost: number;
}
