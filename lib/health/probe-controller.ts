import { Controller, Get, Header, Inject, Res, type Type, VERSION_NEUTRAL } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { HealthReport } from './health-report.js';
import { HealthProbes, type Probe } from './health-probes.js';

/** A controller that answers these probes, with an application's own HTTP server. */
export function probeController(paths: ReadonlyMap<Probe, string>): Type {
  @Controller({ version: VERSION_NEUTRAL })
  class AsyncCallsHealthController {
    constructor(
      @Inject(HealthProbes) readonly probes: HealthProbes,
      @Inject(HttpAdapterHost) readonly http: HttpAdapterHost,
    ) {}
  }
  for (const [probe, path] of paths) addRoute(AsyncCallsHealthController, probe, path);
  return AsyncCallsHealthController;
}

interface ProbeController {
  readonly probes: HealthProbes;
  readonly http: HttpAdapterHost;
}

function addRoute(controller: Type<ProbeController>, probe: Probe, path: string): void {
  const { prototype } = controller;
  const method = async function (this: ProbeController, response: unknown): Promise<HealthReport> {
    const { statusCode, body } = await this.probes.answer(probe);
    this.http.httpAdapter.status(response, statusCode);
    return body;
  };
  Object.defineProperty(prototype, probe, { value: method, writable: true, configurable: true });
  const descriptor = Object.getOwnPropertyDescriptor(prototype, probe)!;
  Get(path)(prototype, probe, descriptor);
  Header('Cache-Control', 'no-store')(prototype, probe, descriptor);
  // Not thrown as an exception: filters and logs have nothing to do with an answer that is meant.
  Res({ passthrough: true })(prototype, probe, 0);
}
