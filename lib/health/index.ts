export { AsyncCallsHealthModule, type AsyncCallsHealthAsyncOptions } from './async-calls-health.module.js';
export type {
  AsyncCallsHealthExtras,
  AsyncCallsHealthOptions,
  CanaryOptions,
  LivenessOptions,
  ProbePaths,
  ProbeServerOptions,
  ReadinessOptions,
  StartupOptions,
} from './health-options.js';
export { AsyncCallsHealthIndicator } from './async-calls-health.indicator.js';
export { ProbeServer } from './probe-server.js';
export type { HealthCheck, HealthCheckResult, HealthIndication, HealthStatus } from './health-check.js';
export type { HealthReason } from './health-reason.js';
export type { HealthReport } from './health-report.js';
