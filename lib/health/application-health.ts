import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { AsyncCallsClient } from '../client/async-calls-client.js';
import type { ClientHealth } from '../client/client-health.js';
import { AsyncCallsServer } from '../server/async-calls-server.js';
import type { ServerHealth } from '../server/server-health.js';
import { pause } from '../delivery/pause.js';
import type { Environment } from '../environment/environment.js';
import { ASYNC_CALLS_SURROUNDINGS, type Surroundings } from '../module/surroundings.js';
import { Canary } from './canary.js';
import { EventLoopLag } from './event-loop-lag.js';
import { FailedClients } from './failed-clients.js';
import { type HealthReason, timeOf } from './health-reason.js';
import { blockedFor, livenessReasons } from './liveness.js';
import { clientReadiness, notStarted, serverReadiness } from './readiness.js';
import { RESOLVED_HEALTH_OPTIONS, type ResolvedHealthOptions } from './resolve-health-options.js';

/**
 * Looks at the servers and clients of the application as they are, and at its event loop. Opens no connection; only the
 * canary, where one is wanted, makes calls.
 */
@Injectable()
export class ApplicationHealth implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('AsyncCallsHealth');
  private readonly eventLoop: EventLoopLag;
  private readonly environment: Environment;
  private readonly canary: Canary | undefined;
  private readonly failedClients: FailedClients;
  private found: Participants | undefined;
  private isBootstrapped = false;
  private shutdownAt: number | undefined;

  constructor(
    @Inject(RESOLVED_HEALTH_OPTIONS) private readonly options: ResolvedHealthOptions,
    @Inject(ASYNC_CALLS_SURROUNDINGS) { environment }: Surroundings,
    private readonly modules: ModulesContainer,
  ) {
    const { canary } = options.readyz;
    this.canary = canary && new Canary(canary, environment);
    this.environment = environment;
    this.eventLoop = new EventLoopLag(environment, (ms) => this.lagged(ms));
    this.failedClients = new FailedClients(environment);
  }

  onModuleInit(): void {
    this.eventLoop.start();
  }

  onApplicationShutdown(): void {
    this.eventLoop.stop();
  }

  /** The servers and clients of the application, its own and those of `ClientsModule`. */
  private get participants(): Participants {
    if (this.found) return this.found;
    const found = participantsOf(this.modules);
    // Before that some may still be to come.
    if (this.isBootstrapped) this.found = found;
    return found;
  }

  /** All hooks of the start have run. */
  bootstrapped(): void {
    this.isBootstrapped = true;
  }

  /** The application is about to end: from now on it is not ready. Resolves when that was to be seen for long enough. */
  async shutsDown(): Promise<void> {
    if (this.shutdownAt !== undefined) return;
    this.shutdownAt = this.environment.now();
    await pause(this.environment, this.options.drainDelayMs);
  }

  /** How long it may take until the servers are closed, in milliseconds: Nest closes one after the other. */
  get drainTimeoutMs(): number {
    const { servers } = this.participants;
    return servers.reduce((sum, { closeTimeoutMs }) => sum + closeTimeoutMs, this.options.drainDelayMs);
  }

  /** Whether the process is to be restarted. */
  liveness(): Finding {
    const look = this.look();
    return {
      ...look,
      reasons: livenessReasons({ ...look, eventLoopLagMs: this.eventLoop.ms }, this.options.livez),
    };
  }

  /** Whether the instance may be sent work. */
  async readiness(): Promise<Finding> {
    const unanswered = this.canary && (await this.canaryReason(this.canary));
    // The first call opens the client, which is judged when that is over.
    const look = this.look();
    const { clients, now } = look;
    for (const [index, client] of this.participants.clients.entries()) {
      this.failedClients.revive(client, clients[index]);
    }
    const reasons = [
      ...this.servingReasons(look),
      ...clients.flatMap((client) => clientReadiness(client, this.options.readyz, now)),
      ...(unanswered ? [unanswered] : []),
    ];
    return { ...look, reasons };
  }

  /** Whether the application has started. */
  startup(): Finding {
    const look = this.look();
    return { ...look, reasons: [...this.notBootstrapped(), ...look.servers.flatMap(notStarted)] };
  }

  private async canaryReason(canary: Canary): Promise<HealthReason | undefined> {
    const [client] = this.participants.clients;
    // What is known already needs no call.
    if (!client || this.servingReasons(this.look()).length > 0) return undefined;
    return canary.reason(client);
  }

  private servingReasons({ servers, now }: Look): HealthReason[] {
    const limits = this.options.readyz;
    return [...this.ownReasons(), ...servers.flatMap((server) => serverReadiness(server, limits, now))];
  }

  private ownReasons(): HealthReason[] {
    if (this.shutdownAt === undefined) return this.notBootstrapped();
    return [{ since: timeOf(this.shutdownAt), why: 'the application is shutting down' }];
  }

  private notBootstrapped(): HealthReason[] {
    return this.isBootstrapped ? [] : [{ why: 'the application is not initialized yet' }];
  }

  /** Whoever restarts a process that did not answer in time does not learn why. */
  private lagged(ms: number): void {
    if (ms > this.options.livez.maxEventLoopLagMs) this.logger.warn(blockedFor(ms, this.options.livez));
  }

  private look(): Look {
    const { servers, clients } = this.participants;
    return {
      servers: servers.map((server) => server.health()),
      clients: clients.map((client) => client.health()),
      now: this.environment.now(),
    };
  }
}

/** The application at one moment. */
interface Look {
  readonly servers: readonly ServerHealth[];
  readonly clients: readonly ClientHealth[];
  readonly now: number;
}

/** How the application was found. */
export interface Finding extends Look {
  /** What is wrong with that; empty if nothing is. */
  readonly reasons: readonly HealthReason[];
}

/** What of an application takes part in calls. */
interface Participants {
  readonly servers: readonly AsyncCallsServer[];
  readonly clients: readonly AsyncCallsClient[];
}

function participantsOf(modules: ModulesContainer): Participants {
  const instances = new Set(
    [...modules.values()].flatMap(({ providers }) =>
      [...providers.values()].filter((each) => each.isDependencyTreeStatic()).map(({ instance }) => instance),
    ),
  );
  return {
    servers: [...instances].filter((each) => each instanceof AsyncCallsServer),
    clients: [...instances].filter((each) => each instanceof AsyncCallsClient),
  };
}
