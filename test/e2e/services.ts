import { kafkaBootstrap } from '../support/kafka.js';
import type { ClientCommands, ClientSettings } from './apps/client.app.js';
import type { CallInput, ErrorSeen, LoadInput, LoadReport } from './apps/client-commands.js';
import type { ServerCommands, ServerSettings } from './apps/server.app.js';
import { AppProcess, type Processes } from './processes.js';

/** What came of a call: its values, and the error that ended it, if one did. */
export interface Called {
  readonly values: unknown[];
  readonly error: ErrorSeen | undefined;
}

type Settings<T extends { readonly brokers: readonly string[] }> = Omit<T, 'brokers'> & Partial<T>;

/** A process of a service whose client makes calls. */
class CallingService<C extends ServerCommands | ClientCommands> {
  constructor(
    readonly service: string,
    readonly process: AppProcess<C>,
  ) {}

  /** Makes a call, and hands on each value when it comes. */
  async call(
    target: string,
    data?: unknown,
    { options, onValue }: Pick<CallInput, 'options'> & { onValue?(value: unknown): void } = {},
  ): Promise<Called> {
    const values: unknown[] = [];
    const process = this.process as AppProcess<ServerCommands | ClientCommands>;
    const error = await process.ask('call', { target, data, options }, (value) => {
      values.push(value);
      onValue?.(value);
    });
    return { values, error };
  }

  /** Makes many calls, and hands on how many are over, after each. */
  load(input: LoadInput, onOver: (over: number) => void = () => undefined): Promise<LoadReport> {
    const process = this.process as AppProcess<ServerCommands | ClientCommands>;
    return process.ask('load', input, (over) => onOver(over as number));
  }
}

/** A service that only calls. */
export class ClientService extends CallingService<ClientCommands> {
  static async start(processes: Processes, settings: Settings<ClientSettings>): Promise<ClientService> {
    const process = await AppProcess.start<ClientCommands>(processes, 'apps/client', withBrokers(settings));
    return new ClientService(settings.service, process);
  }
}

/** A service that serves the endpoints of the tests. */
export class ServerService extends CallingService<ServerCommands> {
  /** Resolves when the process runs, whether or not it can serve yet. */
  static async launch(processes: Processes, settings: Settings<ServerSettings>): Promise<ServerService> {
    const process = await AppProcess.start<ServerCommands>(processes, 'apps/server', withBrokers(settings));
    return new ServerService(settings.service, process);
  }

  /** Resolves when it serves. */
  static async start(processes: Processes, settings: Settings<ServerSettings>): Promise<ServerService> {
    const server = await ServerService.launch(processes, settings);
    await server.process.ask('listening', undefined);
    return server;
  }
}

function withBrokers(settings: object): object {
  return { brokers: kafkaBootstrap(), ...settings };
}
