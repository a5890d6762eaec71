import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, type Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncCallsServer,
  AsyncEndpoint,
} from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { concat, concatMap, firstValueFrom, lastValueFrom, NEVER, of, Subject } from 'rxjs';
import {
  type AsyncCallsTesting,
  describeOnBrokers as describeTester,
  type TestedValue,
} from '../../lib/testing/index.js';
import { wrapBroker } from '../support/broker-wrapper.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { moduleOf, startService } from '../support/services.js';

/** For a request to be begun, on a busy machine and by Kafka: one that is late is not. */
const ENOUGH_MS = 8_000;

const ran: string[] = [];

@Controller()
class NotingController {
  @AsyncEndpoint('/note')
  note(@Payload() mark: string) {
    ran.push(mark);
    return mark;
  }
}

/** How long the caller of a request was ready to wait when it sent it, in milliseconds. */
const waitOf = ({ deadline, record }: AsyncCallContext) => deadline!.getTime() - record.timestamp;

/** The end of the chain. */
@Controller()
class LeafController {
  @AsyncEndpoint('/wait')
  wait(@Ctx() context: AsyncCallContext) {
    return waitOf(context);
  }

  @AsyncEndpoint('/note')
  note(@Payload() mark: string) {
    ran.push(mark);
    return mark;
  }

  @AsyncEndpoint('/never')
  never() {
    return NEVER;
  }
}

/** The middle of the chain: each endpoint calls the leaf service twice, in another form. */
@Controller()
class MiddleController {
  readonly outcomes: Record<string, Promise<unknown>> = {};
  /** Lets `/late` go on. */
  readonly gate = new Subject<void>();

  constructor(private readonly client: AsyncCallsClient) {}

  @AsyncEndpoint('/promise')
  async promise() {
    await lastValueFrom(this.client.send('leaf/note', 'first'));
    return lastValueFrom(this.client.send('leaf/wait', null));
  }

  @AsyncEndpoint('/iterable')
  async *iterable() {
    yield await lastValueFrom(this.client.send('leaf/wait', null));
    yield await lastValueFrom(this.client.send('leaf/wait', null));
  }

  @AsyncEndpoint('/observable')
  observable() {
    const wait = this.client.send('leaf/wait', null);
    // The second call is made where the response to the first one comes in.
    return wait.pipe(concatMap((first) => concat(of(first), wait)));
  }

  @AsyncEndpoint('/own-time')
  ownTime() {
    return this.client.to('leaf/wait', { inheritDeadline: false }).send(null);
  }

  @AsyncEndpoint('/never')
  never() {
    const call = this.client.send('leaf/never', null);
    this.outcomes['never'] = lastValueFrom(call).catch((error: unknown) => error);
    return NEVER;
  }

  @AsyncEndpoint('/late')
  async late(@Ctx() { signal }: AsyncCallContext) {
    const isOver = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await Promise.all([isOver, firstValueFrom(this.gate, { defaultValue: undefined })]);
    const to = this.client.to('leaf/note');
    this.outcomes['late'] = lastValueFrom(to.send('late')).catch((error: unknown) => error);
    this.outcomes['own time'] = lastValueFrom(to.with({ inheritDeadline: false }).send('own time'));
    this.outcomes['one-way'] = lastValueFrom(to.emit('one-way'));
  }
}

describeOnBrokers('G6: deadlines hold', (newBroker) => {
  it('does not start what has expired while the way to its caller was looked up', async () => {
    const broker = newBroker();
    let lookUp = () => undefined as void;
    const isFound = new Promise<void>((resolve) => (lookUp = resolve));
    const slow = wrapBroker(broker, {
      createAdmin: (identity) => {
        const admin = broker.createAdmin(identity);
        const describeTopics = admin.describeTopics.bind(admin);
        admin.describeTopics = async (topics) => {
          if (topics?.some((topic) => topic.endsWith('.replies'))) await isFound;
          return describeTopics(topics);
        };
        return admin;
      },
    });
    const mark = uniqueName('mark');
    const { name, app } = await startService({ broker: slow, controllers: [NotingController] });
    const { client } = await startService({ broker });
    await client.connect();
    // The way to the service is known by then: whatever the time, both requests leave.
    await lastValueFrom(client.emit(`${name}/note`, `${mark}-first`));
    // By the time the second one's is over the deadline of the first is long past, also by the clock of its record.
    for (const each of [mark, `${mark}-second`]) {
      const late = client.to(`${name}/note`, { timeoutMs: 1_000 }).send(each);
      await expect(lastValueFrom(late)).rejects.toMatchObject({ code: 'timeout' });
    }
    lookUp();
    const { counts } = await waitFor(
      () => {
        const server = app.get(AsyncCallsServer);
        return server.counts.expired + server.counts.served === 3 && server;
      },
      { what: 'the end of all' },
    );
    expect(counts.expired).toBeGreaterThanOrEqual(1);
    expect(ran).not.toContain(mark);
  });

  it('does not run what has expired while the service was down; runs one-way calls however late', async () => {
    const broker = newBroker();
    const service = uniqueName('service');
    const mark = uniqueName('mark');
    const topics = { requests: { partitions: 1 } };
    const first = await startService({ broker, service, topics, controllers: [NotingController] });
    await first.app.close();

    const { client } = await startService({ broker });
    await client.connect();
    // The way to the service is known by then: whatever the time, all the others leave.
    await lastValueFrom(client.emit(`${service}/note`, `${mark}-first`));
    const late = client.to(`${service}/note`, { timeoutMs: 100 });
    // On a busy machine its time may be over before the broker has acknowledged it, too.
    const oneWay = lastValueFrom(late.emit(`${mark}-one-way`)).catch(() => undefined);
    await expect(lastValueFrom(late.send(`${mark}-expired`))).rejects.toMatchObject({ code: 'timeout' });
    await oneWay;
    const waiting = lastValueFrom(client.send(`${service}/note`, `${mark}-waiting`));

    await startService({ broker, service, topics, controllers: [NotingController] });
    expect(await waiting).toBe(`${mark}-waiting`);
    await waitFor(() => ran.includes(`${mark}-one-way`), { what: 'the one-way call' });
    expect(ran.filter((each) => each.startsWith(mark)).sort()).toEqual([
      `${mark}-first`,
      `${mark}-one-way`,
      `${mark}-waiting`,
    ]);
  });
});

const application = (service: string, controller: Type) =>
  moduleOf({
    imports: [AsyncCallsModule.forRoot({ service, broker: memory() })],
    controllers: [controller],
  });

/** Three services: the test calls the middle one, which calls the leaf. */
describeTester(
  'G6: deadlines hold in a chain',
  (broker) => {
    let tester: AsyncCallsTesting;
    let middle: MiddleController;

    beforeEach(async () => {
      ran.length = 0;
      const applications = [application('leaf', LeafController), application('middle', MiddleController)];
      tester = await broker.start(applications);
      const app = tester.appOf('middle');
      middle = app.get(MiddleController);
      // What reads its replies was started outside of any handler.
      await app.get(AsyncCallsClient).connect();
    });
    afterEach(() => tester.close());

    it.each(['promise', 'iterable', 'observable'])(
      'gives the calls of a handler no more time than its own caller waits (%s)',
      async (form) => {
        const waits = await tester.call<number>(`middle/${form}`, null, { timeoutMs: 15_000 });
        expect(waits).toHaveLength(form === 'promise' ? 1 : 2);
        for (const wait of waits) {
          const { value } = wait as TestedValue<number>;
          expect(value).toBeGreaterThan(0);
          expect(value).toBeLessThanOrEqual(15_000);
        }
      },
    );

    it('leaves a call its own time if it says so', async () => {
      const [wait] = await tester.call<number>('middle/own-time', null, { timeoutMs: 15_000 });
      expect((wait as TestedValue<number>).value).toBeGreaterThan(15_000);
    });

    it('ends the calls of a handler with its own, and says whose time is over', async () => {
      const called = tester.call('middle/never', null, { timeoutMs: ENOUGH_MS });
      await tester.advance(ENOUGH_MS);
      expect(await called).toMatchObject([{ error: { code: 'timeout' } }]);
      expect(await middle.outcomes['never']).toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('the time that was left to the handler that made the call'),
      });
      await tester.settled();
    });

    it('refuses a call for which no time is left; not one-way calls, and those with a time of their own', async () => {
      const called = tester.call('middle/late', null, { timeoutMs: ENOUGH_MS });
      await tester.advance(ENOUGH_MS);
      expect(await called).toMatchObject([{ error: { code: 'timeout' } }]);
      // Real timers may go off a millisecond early: only now its time is over by every clock.
      await tester.advance(50);
      middle.gate.complete();
      expect(await waitFor(() => middle.outcomes['late'], { what: 'the late call' })).toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('the deadline of the call that this handler serves has passed'),
      });
      expect(await middle.outcomes['own time']).toBe('own time');
      expect(await middle.outcomes['one-way']).toBeUndefined();
      await tester.settled();
      expect(new Set(ran)).toEqual(new Set(['own time', 'one-way']));
    });
  },
  { describe },
);
