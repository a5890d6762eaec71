import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type Cluster, startCluster } from '../../tools/kafka/cluster.mjs';
import { describeOnKafka } from '../support/kafka.js';
import { probe } from '../support/probes.js';
import { SESSION_TIMEOUT_MS } from './faults/apps/settings.js';
import type { HistoryEvent } from './faults/history/events.js';
import { readHistory } from './faults/history/read-history.js';
import { now } from './faults/history/recorder.js';
import { Stage } from './faults/stage.js';

jest.setTimeout(180_000);

/** What an orchestrator grants by default, in milliseconds. */
const GRACE_MS = 30_000;
/** Longer than a busy machine stands still: who looks all the time is to see it not ready before the drain. */
const DRAIN_DELAY_MS = 5_000;

/** An answer of the readiness probe. */
interface Seen {
  /** On the clock of the history. */
  readonly at: number;
  readonly status: number;
  readonly phase: string | undefined;
}

describeOnKafka('SIGTERM to an instance under load', () => {
  let cluster: Cluster;
  let stage: Stage;
  beforeAll(async () => {
    cluster = await startCluster({
      properties: { 'group.min.session.timeout.ms': `${SESSION_TIMEOUT_MS}` },
    });
    stage = await Stage.open(cluster, { drainDelayMs: DRAIN_DELAY_MS });
  });
  afterAll(async () => {
    await stage?.close();
    await cluster?.stop();
  });

  it('makes it not ready before it drains, ends what runs, closes the pool last, and loses no call', async () => {
    let exit: unknown;
    let tookMs = 0;
    let terminated = '';
    let log = '';
    const seen: Seen[] = [];

    const verdict = await stage.play('terminated', async () => {
      const server = await stage.busyServer();
      terminated = server.name;
      const url = `http://127.0.0.1:${await server.process.ask('probes', undefined)}/readyz`;
      seen.push(await readiness(url));
      const begun = now();
      const ended = stage.terminate(server);
      // Until it refuses connections: then the process is at its end.
      do seen.push(await readiness(url));
      while (seen.at(-1)!.status > 0);
      exit = await ended;
      tookMs = now() - begun;
      log = server.process.log;
      await stage.goesOn();
      await stage.startServer();
    });

    const { history } = stage;
    expect({ history, violations: verdict.violations, lost: verdict.lost }).toEqual({
      history,
      violations: [],
      lost: 0,
    });
    expect(exit).toBe(0);
    expect(tookMs).toBeLessThan(GRACE_MS);
    const stages = seen.map(({ status, phase }) => `${status} ${phase}`);
    const inOrder = stages.filter((each, index) => each !== stages[index - 1]);
    expect(inOrder.slice(0, 2)).toEqual(['200 serving', '503 serving']);
    const notReadyAt = seen.find(({ status }) => status === 503)!.at;
    // A drain that is quick may be over when it is looked at again.
    const drainedFrom = seen.find(({ phase }) => phase !== 'serving')!.at;
    const [, poolClosedAt] = /pool closed at ([\d.]+)/.exec(log) ?? [];
    const runs = (await readHistory(history)).filter((event) => event.process === terminated);
    const [starts, ends] = [timesOf(runs, 'started'), timesOf(runs, 'finished')];
    expect(notReadyAt).toBeLessThan(drainedFrom);
    expect(Math.max(...starts)).toBeLessThan(drainedFrom);
    expect(runs.filter((event) => event.kind === 'finished' && !event.complete)).toEqual([]);
    expect(ends).toHaveLength(starts.length);
    expect(Math.max(...ends)).toBeLessThan(Number(poolClosedAt));
    console.log(
      `Not ready ${Math.round(drainedFrom - notReadyAt)} ms before the drain was seen; ` +
        `${ends.filter((at) => at > drainedFrom).length} handlers ended in the drain; it took ${Math.round(tookMs)} ms.`,
    );
  });
});

async function readiness(url: string): Promise<Seen> {
  try {
    const { status, body } = await probe(url);
    const [server] = body.details['async-calls']['servers'] as [{ readonly phase: string }];
    return { at: now(), status, phase: server.phase };
  } catch {
    return { at: now(), status: 0, phase: undefined };
  }
}

function timesOf(events: readonly HistoryEvent[], kind: HistoryEvent['kind']): number[] {
  return events.filter((event) => event.kind === kind).map(({ at }) => at);
}
