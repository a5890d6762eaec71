import { kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import { probe, type Probed } from '../support/probes.js';
import type { ProbedCommands, ProbedSettings } from './apps/probed.app.js';
import { AppProcess, type Processes } from './processes.js';

/** A service in a process of its own, and its probes. */
export class ProbedService {
  private constructor(
    readonly name: string,
    readonly process: AppProcess<ProbedCommands>,
    private readonly port: number,
  ) {}

  /** Resolves when its probes are answered, whether or not it can serve yet. */
  static async launch(processes: Processes, settings: Partial<ProbedSettings> = {}): Promise<ProbedService> {
    const service = uniqueName('probed');
    const process = await AppProcess.start<ProbedCommands>(processes, 'apps/probed', {
      brokers: kafkaBootstrap(),
      service,
      ...settings,
    });
    const port = await waitFor(() => process.ask('probes', undefined), { what: 'probes to be answered' });
    return new ProbedService(service, process, port);
  }

  /** Resolves when it serves. */
  static async start(processes: Processes, settings?: Partial<ProbedSettings>): Promise<ProbedService> {
    const service = await ProbedService.launch(processes, settings);
    await service.process.ask('listening', undefined);
    return service;
  }

  probe(name: 'livez' | 'readyz' | 'startupz'): Promise<Probed> {
    return probe(`http://127.0.0.1:${this.port}/${name}`);
  }

  /** Probes until it is answered like that. */
  until(
    name: 'livez' | 'readyz' | 'startupz',
    isWanted: (probed: Probed) => boolean,
    { what, timeoutMs }: { readonly what: string; readonly timeoutMs?: number },
  ): Promise<Probed> {
    let last: Probed | undefined;
    return waitFor(
      async () => {
        last = await this.probe(name);
        return isWanted(last) ? last : undefined;
      },
      { what, timeoutMs },
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${name} says ${JSON.stringify(last?.body)}`, { cause: error });
    });
  }
}
