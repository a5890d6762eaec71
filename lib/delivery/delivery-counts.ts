/** What has become of the records that a server was handed, each number since its start. */
export interface DeliveryCounts {
  /** Records of the request topic that were taken over, cancels among them. */
  readonly received: number;
  /** Requests that ended well: every response is stored. */
  readonly served: number;
  /** Requests, and records that are none, that have failed for good. */
  readonly failed: number;
  /** Attempts after the first. */
  readonly retried: number;
  /** Records that were put aside in the dead letter topic. */
  readonly deadLettered: number;
  /** Records that could not be read as a request; they are among the failed ones. */
  readonly undecodable: number;
  /** Requests that were not run, or not to their end, because their caller's time was over. */
  readonly expired: number;
  /** Requests that their caller gave up before they had ended. */
  readonly cancelled: number;
  /** Requests that were not run because another record of them was. */
  readonly duplicate: number;
  /** Events of types that this service has no handler for. */
  readonly passedOver: number;
  /** Records that went to the partition's next owner before they had ended. */
  readonly abandoned: number;
}

/** The counts while they are counted. */
export type MutableCounts = { -readonly [name in keyof DeliveryCounts]: number };

/** All of them at zero. */
export function noCounts(): MutableCounts {
  return {
    received: 0,
    served: 0,
    failed: 0,
    retried: 0,
    deadLettered: 0,
    undecodable: 0,
    expired: 0,
    cancelled: 0,
    duplicate: 0,
    passedOver: 0,
    abandoned: 0,
  };
}
