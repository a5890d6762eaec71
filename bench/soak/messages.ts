/** What the runner asks of a process of the soak. */
export type Ask = 'sample' | 'pause' | 'resume' | 'report' | 'stop';

/** What a process holds when nothing is under way: after a forced garbage collection. */
export interface Sample {
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Of a client: calls that wait; of a server: handlers that run. */
  readonly inFlight: number;
}

/** What became of the calls of one kind. */
export interface KindReport {
  readonly made: number;
  /** By how they ended: `completed`, `given up`, or the error's code. */
  readonly over: Readonly<Record<string, number>>;
  /** How a call of this kind ends. */
  readonly expected: string;
}

export type TrafficReport = Readonly<Record<string, KindReport>>;

/** Answers the runner, and ends with it. */
export function answerRunner(answers: Partial<Record<Ask, () => unknown>>): void {
  process.on('disconnect', () => process.exit(1));
  process.on('message', (ask: Ask) => {
    Promise.resolve(answers[ask]?.()).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => {
        throw error;
      },
    );
  });
  process.send?.({ answer: 'ready' });
}

/** The least of three collections: what one leaves behind, the next may find. */
export async function sample(inFlight: number): Promise<Sample> {
  const heaps: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
    heaps.push(process.memoryUsage().heapUsed);
  }
  return { heapBytes: Math.min(...heaps), rssBytes: process.memoryUsage.rss(), inFlight };
}
