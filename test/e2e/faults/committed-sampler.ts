import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'nestjs-async-calls';
import type { Recorder } from './history/recorder.js';

const INTERVAL_MS = 100;
/** Before the base64 of a bitmap, with a bit for each offset from the committed one on. */
const PREFIX = 'ac1:';

/** Asks again and again what a group has committed for a topic, and writes it down. */
export class CommittedSampler {
  private readonly stopping = new AbortController();
  private readonly sampling: Promise<void>;

  constructor(
    private readonly admin: Admin,
    private readonly groupId: string,
    private readonly topic: string,
    private readonly recorder: Recorder,
  ) {
    this.sampling = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.sampling;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      // While the cluster is away there is nothing to see.
      await this.sample().catch(() => undefined);
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async sample(): Promise<void> {
    for (const { partition, offset, metadata } of await this.admin.fetchCommitted(this.groupId, [
      this.topic,
    ])) {
      if (offset === null) continue;
      const alsoDone = doneBehind(Number(offset), metadata);
      this.recorder.record({ kind: 'committed', partition, offset: Number(offset), alsoDone });
    }
  }
}

function doneBehind(offset: number, metadata: string): number[] {
  if (!metadata.startsWith(PREFIX)) return [];
  const bitmap = [...Buffer.from(metadata.slice(PREFIX.length), 'base64')];
  return bitmap.flatMap((byte, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((byte >> bit) & 1 ? [offset + index * 8 + bit] : [])),
  );
}
