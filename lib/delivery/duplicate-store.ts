/** Says that a request is being run, until it is told how that ended. */
export interface RequestClaim {
  /** The request has ended, and what its caller or people have to know of it is stored: it is not run again. */
  done(): void | Promise<void>;
  /** It was not brought to its end: it may be run again. */
  release(): void | Promise<void>;
}

/**
 * Remembers which requests are being run or have ended, so that one that was sent twice runs once. A store that
 * several instances share catches what each of them is sent.
 */
export interface DuplicateStore {
  /**
   * Claims a request for the record at this place, `topic[partition]@offset`. `undefined` for a duplicate: the request has
   * ended within the store's window, or **another** record of it is being run. The same record has to be claimed anew,
   * though it is claimed already: whoever had it has died, or has lost its partition.
   *
   * If this rejects, or does not answer within 5 s, the request is run without a claim: twice is better than not at all.
   */
  claim(requestId: string, place: string): RequestClaim | undefined | Promise<RequestClaim | undefined>;
  /**
   * Whether a request has ended within the store's window. Asked for responses that come to handlers, whose ids are claimed
   * like those of requests: behind the end of a stream none is handled. Where it is missing, fails or keeps silent, that
   * holds only for streams that are the same in each delivery of their request.
   */
  hasEnded?(requestId: string): boolean | Promise<boolean>;
}
