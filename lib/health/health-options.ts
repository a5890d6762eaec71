import type { AnyTarget } from '../client/async-calls-client.js';
import type { HealthCheck } from './health-check.js';

/** Where each probe is answered; `false` for a probe that is not. */
export interface ProbePaths {
  /** Default `livez`. */
  readonly livez?: string | false;
  /** Default `readyz`. */
  readonly readyz?: string | false;
  /** Default `startupz`. */
  readonly startupz?: string | false;
}

/** A call that is made to see that calls are answered. */
export interface CanaryOptions {
  /** An endpoint that answers at once, `service/endpoint`: one of this service, or of one that it cannot do without. */
  readonly target: AnyTarget;
  /** What it is sent. Default: nothing. */
  readonly data?: unknown;
  /** How long the answer may take, in milliseconds; a probe waits that long at most. Default 500. */
  readonly timeoutMs?: number;
  /**
   * For how long an answer holds, in milliseconds: however often it is probed, no more calls are made. Default 10,000. That
   * there was no answer holds for 1,000 at most.
   */
  readonly intervalMs?: number;
}

/** When the process is to be restarted. Each limit is there for what a restart repairs. */
export interface LivenessOptions {
  /** For how long the event loop may be blocked, in milliseconds; `Infinity` for no limit. Default 10,000. */
  readonly maxEventLoopLagMs?: number;
  /**
   * For how long a consumer may stand still, in milliseconds: it has records to fetch, or a group to tell that it lives,
   * and does not get to try. An attempt that fails counts: a broker that is away is no reason, as long as this is more
   * than the driver's `requestTimeout` (30,000 by default). `Infinity` for no limit. Default 60,000.
   */
  readonly maxPollMs?: number;
  /**
   * For how long one record may hold back the commits of those behind it, in milliseconds, e.g. because its handler hangs.
   * Default: no limit, for handlers may run for hours; see `delivery.maxHandlerMs`, which ends them.
   */
  readonly maxUnsettledMs?: number;
  /**
   * For how long a service may join its group, again and again, without being settled in it, in milliseconds, while the
   * broker can be reached; `Infinity` for no limit. Default 600,000.
   */
  readonly maxRejoinMs?: number;
  /**
   * For how long the broker may be away, in milliseconds. Default: no limit, for a restart does not bring it back, and the
   * service comes back by itself.
   */
  readonly maxOutageMs?: number;
  /**
   * After how long without being live, by the limits above, the process ends itself, in milliseconds: in order, as after a
   * SIGTERM, with an exit code that is not 0. For processes that nobody probes. Default: never.
   */
  readonly exitAfterMs?: number;
  /** What else has to work, e.g. indicators of Terminus. Default: nothing. */
  readonly checks?: readonly HealthCheck[];
}

/** When the instance is to be sent work, and counts as rolled out. */
export interface ReadinessOptions {
  /** For how long a rebalance does not count, in milliseconds: partitions that stay are still consumed. Default 60,000. */
  readonly rebalanceGraceMs?: number;
  /**
   * For how long an outage of the broker does not count, in milliseconds. Default 0. With a time here an outage does not
   * take all instances of a service out of its load balancer at once that could still answer other requests of HTTP.
   */
  readonly outageGraceMs?: number;
  /**
   * For how long a broker may be silent, in milliseconds, before it counts as one that cannot be reached: a network that
   * swallows everything is noticed by nothing else for half a minute. Default 15,000.
   */
  readonly maxSilenceMs?: number;
  /** How many records of one partition may not be done yet, as far as is known without asking. Default: no limit. */
  readonly maxLag?: number;
  /** How old the oldest record may be that was taken over and is not done, in milliseconds. Default: no limit. */
  readonly maxUnsettledMs?: number;
  /** A call that has to be answered. Default: none. */
  readonly canary?: CanaryOptions;
  /** What else has to work, e.g. indicators of Terminus. Default: nothing. */
  readonly checks?: readonly HealthCheck[];
}

/** When the application has started. */
export interface StartupOptions {
  /** What else has to work for once, e.g. indicators of Terminus. Default: nothing. */
  readonly checks?: readonly HealthCheck[];
}

/** A server for the probes alone. */
export interface ProbeServerOptions {
  /** Of TCP; 0 for any that is free. */
  readonly port: number;
  /** The address to listen at. Default: all addresses of the machine. */
  readonly host?: string;
}

/** What {@link AsyncCallsHealthModule} is made with. */
export interface AsyncCallsHealthOptions {
  readonly livez?: LivenessOptions;
  readonly readyz?: ReadinessOptions;
  readonly startupz?: StartupOptions;
  /**
   * A server that answers the probes, and nothing else, on a port of its own: for services without HTTP, and where the
   * probes are not to be reached from outside. It answers from the very beginning, also while the application waits
   * for its broker, until everything else is closed. Default: none.
   */
  readonly server?: ProbeServerOptions;
  /**
   * How long the instance goes on as before when it was told to end and is not ready any more, in milliseconds: time for
   * load balancers of HTTP to notice. The drain begins after that. Default 0: calls over Kafka need none.
   */
  readonly drainDelayMs?: number;
}

/** What may be said beside the options, also with `forRootAsync`. */
export interface AsyncCallsHealthExtras {
  readonly paths?: ProbePaths;
  /** Whether the HTTP server of the application answers the probes. Default true; without HTTP it makes no difference. */
  readonly routes?: boolean;
}
