/** Says that a request is being run, until it is told how that ended. */
export interface RequestClaim {
  /** The request has ended: another record of it is a duplicate. */
  done(): void | Promise<void>;
  /** It was not brought to its end: it may be run again. */
  release(): void | Promise<void>;
}

/**
 * Remembers which requests are being run or have ended, so that one that was sent twice runs once. A store that
 * several instances share catches what they are sent each; it has to let go of the claims of instances that died.
 */
export interface DuplicateStore {
  /**
   * Claims a request for whoever asks. `undefined` if it is claimed already, or has ended within the store's window.
   * If this rejects, the request is run without a claim: twice is better than not at all.
   */
  claim(requestId: string): RequestClaim | undefined | Promise<RequestClaim | undefined>;
}
