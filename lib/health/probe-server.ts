import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { HealthProbes, type Probe } from './health-probes.js';
import { RESOLVED_HEALTH_OPTIONS, type ResolvedHealthOptions } from './resolve-health-options.js';

/** What the paths of the probes are injected by. */
export const PROBE_PATHS = Symbol('nestjs-async-calls: paths of the probes');

/** Answers probes, and nothing else, on a port of its own; does nothing where none is wanted. */
@Injectable()
export class ProbeServer implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('AsyncCallsHealth');
  private readonly probes: ReadonlyMap<string, Probe>;
  private server: Server | undefined;

  constructor(
    @Inject(RESOLVED_HEALTH_OPTIONS) private readonly options: ResolvedHealthOptions,
    @Inject(PROBE_PATHS) paths: ReadonlyMap<Probe, string>,
    private readonly health: HealthProbes,
  ) {
    this.probes = new Map([...paths].map(([probe, path]) => [`/${path}`, probe]));
  }

  /** Where it listens; `undefined` if it does not. */
  get port(): number | undefined {
    const address = this.server?.address() as AddressInfo | null | undefined;
    return address?.port;
  }

  /** Nest calls this first of all. Throws `invalid-argument` if it cannot listen there. */
  async onModuleInit(): Promise<void> {
    const { server: wanted } = this.options;
    if (!wanted) return;
    const server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        // A check of the application's own that cannot be told as JSON.
        send(response, 500, { message: messageOf(error) });
      });
    });
    server.listen(wanted.port, wanted.host);
    await once(server, 'listening').catch((error: unknown) => {
      throw new AsyncCallError(
        'invalid-argument',
        `The probes cannot be answered at port ${wanted.port}: ${messageOf(error)}. Write another one: server.port.`,
        { cause: error },
      );
    });
    this.server = server;
    this.logger.log(`Probes are answered at port ${this.port}: ${[...this.probes.keys()].join(', ')}`);
  }

  /** Nest calls this last of all. */
  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    // Whoever probes keeps connections open.
    server.closeAllConnections();
    await closed;
  }

  private async answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const probe = this.probes.get(url.replace(/\?.*$/, ''));
    if (!probe) return send(response, 404, { message: `There are ${[...this.probes.keys()].join(', ')}` });
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, { message: 'Use GET' });
    const { statusCode, body } = await this.health.answer(probe);
    send(response, statusCode, body);
  }
}

function send(response: ServerResponse, statusCode: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(statusCode, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
  });
  response.end(bytes);
}
