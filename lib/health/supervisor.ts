import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { TimerHandle } from '../environment/environment.js';
import { ASYNC_CALLS_SURROUNDINGS, type Surroundings } from '../module/surroundings.js';
import { endProcess } from '../server/end-process.js';
import { ApplicationHealth } from './application-health.js';
import type { HealthReason } from './health-reason.js';
import { RESOLVED_HEALTH_OPTIONS, type ResolvedHealthOptions } from './resolve-health-options.js';

/** How often it looks, at most. */
const INTERVAL_MS = 5_000;
/** For the rest of the shutdown, when the servers are closed, before the process is ended at once. */
const GRACE_MS = 15_000;

/** Ends a process that does not live, where nobody else does: `livez.exitAfterMs`. */
@Injectable()
export class Supervisor implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('AsyncCallsHealth');
  private timer: TimerHandle | undefined;
  private notLiveSince: number | undefined;

  constructor(
    @Inject(RESOLVED_HEALTH_OPTIONS) private readonly options: ResolvedHealthOptions,
    @Inject(ASYNC_CALLS_SURROUNDINGS) private readonly surroundings: Surroundings,
    private readonly application: ApplicationHealth,
  ) {}

  onModuleInit(): void {
    const { exitAfterMs } = this.options.livez;
    if (exitAfterMs === Number.POSITIVE_INFINITY) return;
    const intervalMs = Math.min(INTERVAL_MS, Math.max(1, exitAfterMs / 2));
    this.timer = this.surroundings.environment.setInterval(() => this.look(), intervalMs);
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  private stop(): void {
    this.surroundings.environment.clearInterval(this.timer);
  }

  private look(): void {
    const { reasons } = this.application.liveness();
    const now = this.surroundings.environment.uptime();
    if (reasons.length === 0) this.notLiveSince = undefined;
    else if (now - (this.notLiveSince ??= now) >= this.options.livez.exitAfterMs) this.end(reasons);
  }

  private end(reasons: readonly HealthReason[]): void {
    this.stop();
    for (const reason of reasons) this.logger.error(inWords(reason));
    this.logger.error('The process is ended, as the option livez.exitAfterMs says');
    endProcess(this.application.drainTimeoutMs + GRACE_MS);
  }
}

function inWords({ service, group, partition, since, why }: HealthReason): string {
  const where = [service, group && `group ${group}`, partition]
    .filter((each) => each !== undefined)
    .join(', ');
  return `${where ? `${where}: ` : ''}${why}${since ? ` (since ${since})` : ''}`;
}
