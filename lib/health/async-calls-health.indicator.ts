import { Injectable } from '@nestjs/common';
import { ApplicationHealth, type Finding } from './application-health.js';
import type { HealthIndication } from './health-check.js';
import { clientSummary, serverSummary } from './summary.js';

const DEFAULT_KEY = 'async-calls';

/**
 * Indicators for checks of one's own with Terminus: `health.check([() => asyncCalls.isReady()])`. They look at the servers
 * and clients of the application as they are, by the options of {@link AsyncCallsHealthModule}; none of them rejects.
 */
@Injectable()
export class AsyncCallsHealthIndicator {
  constructor(private readonly application: ApplicationHealth) {}

  /** Whether the process can go on; where it is `down`, a restart is the cure. `key` names it in the answer. */
  async isLive(key = DEFAULT_KEY): Promise<HealthIndication> {
    return this.result(key, this.application.liveness());
  }

  /** Whether the instance may be sent work. */
  async isReady(key = DEFAULT_KEY): Promise<HealthIndication> {
    return this.result(key, await this.application.readiness());
  }

  /** Whether the application has started, and every service of it has been a settled member of its groups. */
  async isStarted(key = DEFAULT_KEY): Promise<HealthIndication> {
    return this.result(key, this.application.startup());
  }

  private result(key: string, { reasons, servers, clients }: Finding): HealthIndication {
    const details = { servers: servers.map(serverSummary), clients: clients.map(clientSummary) };
    return {
      [key]: reasons.length > 0 ? { status: 'down', reasons, ...details } : { status: 'up', ...details },
    };
  }
}
