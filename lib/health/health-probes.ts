import { Inject, Injectable } from '@nestjs/common';
import { AsyncCallsHealthIndicator } from './async-calls-health.indicator.js';
import type { ProbePaths } from './health-options.js';
import { type HealthReport, reportOf } from './health-report.js';
import { RESOLVED_HEALTH_OPTIONS, type ResolvedHealthOptions } from './resolve-health-options.js';

/** What can be asked. */
export type Probe = keyof ProbePaths;

/** What it is answered with. */
export interface ProbeAnswer {
  /** Of HTTP: 200 or 503. */
  readonly statusCode: number;
  readonly body: HealthReport;
}

/** Answers probes, wherever they come from. */
@Injectable()
export class HealthProbes {
  private hasStarted = false;

  constructor(
    @Inject(RESOLVED_HEALTH_OPTIONS) private readonly options: ResolvedHealthOptions,
    private readonly indicator: AsyncCallsHealthIndicator,
  ) {}

  /** Never rejects. */
  async answer(probe: Probe): Promise<ProbeAnswer> {
    const body = await this.report(probe);
    return { statusCode: body.status === 'ok' ? 200 : 503, body };
  }

  private async report(probe: Probe): Promise<HealthReport> {
    const { indicator, options } = this;
    switch (probe) {
      case 'livez':
        return reportOf([() => indicator.isLive(), ...options.livez.checks]);
      case 'readyz':
        return reportOf([() => indicator.isReady(), ...options.readyz.checks]);
      case 'startupz': {
        // Who has started once has started: what fails later is for the other probes.
        const checks = this.hasStarted ? [] : options.startupz.checks;
        const report = await reportOf([() => indicator.isStarted(), ...checks]);
        this.hasStarted ||= report.status === 'ok';
        return report;
      }
    }
  }
}
