/** What a check has found, by its name: the form of Terminus, so that each can be used in place of the other. */
export type HealthCheckResult = Readonly<
  Record<string, Readonly<{ status: HealthStatus } & Record<string, unknown>>>
>;

/** What the indicators of this library tell, in the form of Terminus 11 and 12. */
export type HealthIndication = Readonly<
  Record<string, Readonly<{ status: 'up' | 'down' } & Record<string, unknown>>>
>;

/** `degraded` counts as `up`. */
export type HealthStatus = 'up' | 'degraded' | 'down';

/** Looks whether something works: also any indicator of Terminus, `() => database.pingCheck('database')`. */
export type HealthCheck = () => HealthCheckResult | PromiseLike<HealthCheckResult>;
