import type { Load, LoadResult } from '../loads/load.js';
import type { Setting } from '../peers/peer.js';
import type { Handled } from '../peers/service.js';

/** What a process has used between `begin` and `end`. */
export interface Usage {
  readonly cpuMicros: number;
  /** The greatest that was seen, in bytes; 0 if nobody looked. */
  readonly rss: number;
  readonly heap: number;
}

/** What every process of the benchmark does when it is asked to. */
export interface CommonCommands {
  begin(settings: { readonly watchMemory: boolean }): void;
  end(): Usage;
  startProfile(): Promise<void>;
  /** Resolves with the profile as JSON. */
  stopProfile(): Promise<string>;
}

export interface ServerCommands extends CommonCommands {
  /** Resolves with the address, if there is one. */
  start(setting: Setting): Promise<string | undefined>;
  reset(): void;
  handled(): Handled;
  handledEvents(count: number): Promise<Handled>;
  release(): void;
}

export interface ClientCommands extends CommonCommands {
  start(setting: Setting): Promise<void>;
  /** Resolves with the first answer, or after five seconds with `false`. */
  probe(): Promise<boolean>;
  run(load: Load): Promise<LoadResult>;
}

/** From the coordinator to a process. */
export interface Ask {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

/** And back. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly notice: 'ready' | 'held' };
