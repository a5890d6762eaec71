import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Admin, AsyncCallsClient } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { lastValueFrom } from 'rxjs';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';
import type { Numbered } from './apps/subscriber.app.js';
import { keysKeepTheirOrder } from './faults/checker/key-order.js';
import type { Run, Timeline } from './faults/checker/timeline.js';
import { Processes } from './processes.js';
import { SubscribingService } from './subscribing-service.js';

jest.setTimeout(120_000);

const INSTANCES = 3;
const PARTITIONS = 6;
/** One of them stands for events without a key. */
const KEYS = [undefined, ...Array.from({ length: 19 }, (_, index) => `key-${index}`)];
const PER_KEY = 30;
/** Between two events of a key. */
const PAUSE_MS = 100;

/** Publishes an event of each key again and again; each after the one before it was stored. */
class Traffic {
  /** The events that the broker has acknowledged. */
  readonly stored: string[] = [];

  constructor(
    private readonly client: AsyncCallsClient,
    private readonly topic: string,
    /** Stands before the names of its keys and events. */
    readonly series: string,
  ) {}

  async publish(isEnough: (number: number) => boolean): Promise<void> {
    await Promise.all(
      KEYS.map(async (key) => {
        for (let number = 0; !isEnough(number); number += 1) {
          const event: Numbered = { call: `${this.series}/${key}/${number}`, number };
          const options = { key: key && `${this.series}/${key}` };
          await lastValueFrom(this.client.publish(this.topic, event, options));
          this.stored.push(event.call);
          await delay(PAUSE_MS);
        }
      }),
    );
  }
}

/** The runs of each event, by its name. */
function runsOf({ runs }: Timeline): Map<string, Run[]> {
  const byCall = new Map<string, Run[]>();
  for (const run of runs) byCall.set(run.started.call, [...(byCall.get(run.started.call) ?? []), run]);
  return byCall;
}

const isDone = ({ doneAt }: Run) => doneAt < Number.POSITIVE_INFINITY;

describeOnKafka('events for two services of three instances', () => {
  const processes = new Processes();
  const brokers = kafkaBootstrap() ?? [];
  const topic = uniqueName('pizza');
  let admin: Admin;
  let services: SubscribingService[];

  beforeAll(async () => {
    admin = kafkajs({ brokers }).createAdmin({ clientId: 'test' });
    await admin.createTopics([{ topic, partitions: PARTITIONS }]);
    const start = () => SubscribingService.start(processes, admin, topic, INSTANCES);
    services = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    await admin.close();
    await processes.end();
  });

  async function trafficOf(series: string): Promise<Traffic> {
    const { client } = await startService({ broker: kafkajs({ brokers }) });
    return new Traffic(client, topic, series);
  }

  it('are handled exactly once by each service while nothing fails, in the order of their keys', async () => {
    const traffic = await trafficOf('calm');
    await traffic.publish((number) => number === PER_KEY);

    for (const service of services) {
      const timeline = await service.wholeTimeline();
      const runs = timeline.runs.filter(({ started }) => started.call.startsWith('calm/'));
      expect(runs.map(({ started }) => started.call).toSorted()).toEqual(traffic.stored.toSorted());
      expect(runs.every(isDone)).toBe(true);
      expect(keysKeepTheirOrder(timeline)).toEqual([]);
      expect(new Set(runs.map(({ started }) => started.process)).size).toBe(INSTANCES);
    }
  });

  it('are all handled while an instance of each service is killed, in the order of their keys', async () => {
    const traffic = await trafficOf('kill');
    let isEnough = false;
    const publishing = traffic.publish(() => isEnough);
    await Promise.all(services.map((service) => goesOn(service)));
    const killed = await Promise.all(services.map((service) => service.killOne()));
    await Promise.all(services.map((service) => service.joinOne()));
    await Promise.all(services.map((service) => service.isSpread()));
    await Promise.all(services.map((service) => goesOn(service)));
    isEnough = true;
    await publishing;

    for (const service of services) {
      const timeline = await service.wholeTimeline();
      const runs = runsOf(timeline);
      const lost = traffic.stored.filter((event) => !runs.get(event)?.some(isDone));
      expect(lost).toEqual([]);
      expect(keysKeepTheirOrder(timeline)).toEqual([]);
      // Only what the killed instance had not committed runs again.
      const repeated = [...runs.values()].flatMap((each) => each.slice(0, -1));
      expect(repeated.filter(({ started }) => !killed.includes(started.process))).toEqual([]);
    }
  });

  /** Resolves once each instance of the service has handled more events. */
  async function goesOn(service: SubscribingService): Promise<void> {
    const before = (await service.timeline()).runs.length;
    const isOn = async () => {
      const later = (await service.timeline()).runs.slice(before);
      return new Set(later.map(({ started }) => started.process)).size === INSTANCES;
    };
    await waitFor(isOn, { what: `more events at each instance of ${service.name}`, timeoutMs: 30_000 });
  }
});
