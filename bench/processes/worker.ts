// A process of the benchmark: a server or the client of one peer. Does what the coordinator asks for by IPC.
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { abilityOf } from '../loads/ability.js';
import { runLoad } from '../loads/run-load.js';
import type { Peer, PeerClient } from '../peers/peer.js';
import { Service } from '../peers/service.js';
import type { Answer, Ask, ClientCommands, CommonCommands, ServerCommands } from './commands.js';
import { Profiler } from './profiler.js';
import { UsageMeter } from './usage-meter.js';

const PROBE_LIMIT_MS = 5_000;
const [role, peerName] = process.argv.slice(2);

// Whatever becomes of the coordinator, no process outlives it.
process.on('disconnect', () => process.exit(1));
Logger.overrideLogger(['error', 'fatal']);
const peer = (await import(`../peers/${peerName}.js`)) as Peer;
const commands = role === 'server' ? serverCommands() : clientCommands();
process.on('message', (ask: Ask) => void answer(ask));
tell({ notice: 'ready' });

function tell(message: Answer): void {
  process.send?.(message);
}

async function answer({ id, command, argument }: Ask): Promise<void> {
  try {
    const run = commands[command as keyof typeof commands] as (argument: unknown) => unknown;
    tell({ id, result: await run(argument) });
  } catch (error) {
    tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error) });
  }
}

function commonCommands(): CommonCommands {
  const meter = new UsageMeter();
  const profiler = new Profiler();
  return {
    begin: (settings) => meter.begin(settings),
    end: () => meter.end(),
    startProfile: () => profiler.start(),
    stopProfile: () => profiler.stop(),
  };
}

function serverCommands(): ServerCommands {
  const service = new Service();
  return {
    ...commonCommands(),
    start: (setting) => peer.startServer(setting, service),
    reset: () => service.reset(),
    handled: () => service.handled(),
    handledEvents: (count) => service.handledEvents(count),
    release: () => service.release(),
  };
}

function clientCommands(): ClientCommands {
  let client: PeerClient = {};
  return {
    ...commonCommands(),
    start: async (setting) => {
      client = await peer.startClient(setting);
    },
    probe: async () => {
      const call = abilityOf(client, 'call');
      const limit = new AbortController();
      const answered = call({ op: 'echo', n: 0 }).then(() => true);
      const late = delay(PROBE_LIMIT_MS, false, { signal: limit.signal }).catch(() => false);
      return Promise.race([answered, late]).finally(() => limit.abort());
    },
    run: (load) => runLoad(client, load, () => tell({ notice: 'held' })),
  };
}
