import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncCallContext, AsyncCallsClient, AsyncCallsServer, AsyncEndpoint } from 'nestjs-async-calls';
import { concat, concatMap, lastValueFrom, NEVER, of, toArray } from 'rxjs';
import { wrapBroker } from '../support/broker-wrapper.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

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

  constructor(private readonly client: AsyncCallsClient) {}

  @AsyncEndpoint('/promise')
  async promise(@Payload() leaf: string) {
    await lastValueFrom(this.client.send(`${leaf}/note`, 'first'));
    return lastValueFrom(this.client.send(`${leaf}/wait`, null));
  }

  @AsyncEndpoint('/iterable')
  async *iterable(@Payload() leaf: string) {
    yield await lastValueFrom(this.client.send(`${leaf}/wait`, null));
    yield await lastValueFrom(this.client.send(`${leaf}/wait`, null));
  }

  @AsyncEndpoint('/observable')
  observable(@Payload() leaf: string) {
    const wait = this.client.send(`${leaf}/wait`, null);
    // The second call is made where the response to the first one comes in.
    return wait.pipe(concatMap((first) => concat(of(first), wait)));
  }

  @AsyncEndpoint('/own-time')
  ownTime(@Payload() leaf: string) {
    return this.client.to(`${leaf}/wait`, { inheritDeadline: false }).send(null);
  }

  @AsyncEndpoint('/never')
  never(@Payload() leaf: string) {
    const call = this.client.send(`${leaf}/never`, null);
    this.outcomes['never'] = lastValueFrom(call).catch((error: unknown) => error);
    return NEVER;
  }

  @AsyncEndpoint('/late')
  async late(@Payload() { leaf, mark }: { leaf: string; mark: string }, @Ctx() { signal }: AsyncCallContext) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    const to = this.client.to(`${leaf}/note`);
    this.outcomes['late'] = lastValueFrom(to.send(`${mark}-late`)).catch((error: unknown) => error);
    this.outcomes['own time'] = lastValueFrom(to.with({ inheritDeadline: false }).send(`${mark}-own-time`));
    this.outcomes['one-way'] = lastValueFrom(to.emit(`${mark}-one-way`));
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
    // By the time the second one's is over the deadline of the first is long past, also by the clock of its record.
    for (const each of [mark, `${mark}-second`]) {
      const late = client.to(`${name}/note`, { timeoutMs: 1_000 }).send(each);
      await expect(lastValueFrom(late)).rejects.toMatchObject({ code: 'timeout' });
    }
    lookUp();
    const { counts } = await waitFor(
      () => {
        const server = app.get(AsyncCallsServer);
        return server.counts.expired + server.counts.served === 2 && server;
      },
      { what: 'the end of both' },
    );
    expect(counts.expired).toBeGreaterThanOrEqual(1);
    expect(ran).not.toContain(mark);
  });

  /** Three services: one calls the middle one, which calls the leaf. */
  async function chain() {
    const broker = newBroker();
    const leaf = await startService({ broker, controllers: [LeafController] });
    const middle = await startService({ broker, controllers: [MiddleController] });
    const { client } = await startService({ broker });
    // What reads its replies was started outside of any handler.
    await Promise.all([middle.client.connect(), client.connect()]);
    const { outcomes } = middle.app.get(MiddleController);
    return { leaf: leaf.name, middle: middle.name, client, outcomes };
  }

  it.each(['promise', 'iterable', 'observable'])(
    'gives the calls of a handler no more time than its own caller waits (%s)',
    async (form) => {
      const { leaf, middle, client } = await chain();
      const call = client.to(`${middle}/${form}`, { timeoutMs: 15_000 }).send<number>(leaf);
      const waits = await lastValueFrom(call.pipe(toArray()));
      expect(waits).toHaveLength(form === 'promise' ? 1 : 2);
      for (const wait of waits) {
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(15_000);
      }
    },
  );

  it('leaves a call its own time if it says so', async () => {
    const { leaf, middle, client } = await chain();
    const call = client.to(`${middle}/own-time`, { timeoutMs: 15_000 }).send<number>(leaf);
    expect(await lastValueFrom(call)).toBeGreaterThan(15_000);
  });

  it('ends the calls of a handler with its own, and says whose time is over', async () => {
    const { leaf, middle, client, outcomes } = await chain();
    const call = client.to(`${middle}/never`, { timeoutMs: 3_000 }).send(leaf);
    await expect(lastValueFrom(call)).rejects.toMatchObject({ code: 'timeout' });
    expect(await waitFor(() => outcomes['never'], { what: 'the call of the handler' })).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('the time that was left to the handler that made the call'),
    });
  });

  it('refuses a call for which no time is left; not one-way calls, and those with a time of their own', async () => {
    const { leaf, middle, client, outcomes } = await chain();
    const mark = uniqueName('mark');
    const call = client.to(`${middle}/late`, { timeoutMs: 3_000 }).send({ leaf, mark });
    await expect(lastValueFrom(call)).rejects.toMatchObject({ code: 'timeout' });
    expect(await waitFor(() => outcomes['late'], { what: 'the late call' })).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('the deadline of the call that this handler serves has passed'),
    });
    expect(await outcomes['own time']).toBe(`${mark}-own-time`);
    expect(await outcomes['one-way']).toBeUndefined();
    await waitFor(() => ran.includes(`${mark}-one-way`), { what: 'the one-way call' });
    expect(ran).not.toContain(`${mark}-late`);
  });

  it('does not run what has expired while the service was down; runs one-way calls however late', async () => {
    const broker = newBroker();
    const service = uniqueName('service');
    const mark = uniqueName('mark');
    const topics = { requests: { partitions: 1 } };
    const first = await startService({ broker, service, topics, controllers: [NotingController] });
    await first.app.close();

    const { client } = await startService({ broker });
    const late = client.to(`${service}/note`, { timeoutMs: 100 });
    await expect(lastValueFrom(late.send(`${mark}-expired`))).rejects.toMatchObject({ code: 'timeout' });
    await lastValueFrom(client.to(`${service}/note`, { timeoutMs: 2_000 }).emit(`${mark}-one-way`));
    const waiting = lastValueFrom(client.send(`${service}/note`, `${mark}-waiting`));

    await startService({ broker, service, topics, controllers: [NotingController] });
    expect(await waiting).toBe(`${mark}-waiting`);
    await waitFor(() => ran.includes(`${mark}-one-way`), { what: 'the one-way call' });
    expect(ran.filter((each) => each.startsWith(mark)).sort()).toEqual([
      `${mark}-one-way`,
      `${mark}-waiting`,
    ]);
  });
});
