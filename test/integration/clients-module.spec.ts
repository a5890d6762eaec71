import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type ClientProxy,
  ClientsModule,
  EventPattern,
  MessagePattern,
  Payload,
} from '@nestjs/microservices';
import { AsyncCallsClientProxy, type AsyncCallsClientProxyOptions, type Broker } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { lastValueFrom, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { moduleOf, startService } from '../support/services.js';

const paid: number[] = [];

@Controller()
class MathController {
  @MessagePattern({ cmd: 'sum' })
  sum(@Payload() numbers: number[]) {
    return numbers.reduce((sum, each) => sum + each, 0);
  }

  @EventPattern('paid')
  paid(@Payload() amount: number) {
    paid.push(amount);
  }
}

const running: INestApplicationContext[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** An application whose one client is registered as Nest has it. */
async function clientOf(options: AsyncCallsClientProxyOptions, isAsync = false): Promise<ClientProxy> {
  const client = { customClass: AsyncCallsClientProxy, options };
  const imported = isAsync
    ? ClientsModule.registerAsync([{ name: 'MATH', useFactory: async () => client }])
    : ClientsModule.register([{ name: 'MATH', ...client }]);
  const app = await NestFactory.createApplicationContext(moduleOf({ imports: [imported] }), {
    logger: false,
    abortOnError: false,
  });
  running.push(app);
  return app.get<ClientProxy>('MATH', { strict: false });
}

const values = (client: ClientProxy, pattern: unknown, data: unknown) =>
  lastValueFrom(client.send(pattern, data).pipe(toArray()));

describeOnBrokers("a client of Nest's ClientsModule", (newBroker) => {
  const start = async (broker: Broker) =>
    (await startService({ broker, controllers: [MathController] })).name;

  it.each([false, true])('calls by patterns (registered asynchronously: %s)', async (isAsync) => {
    const broker = newBroker();
    const service = await start(broker);
    const options = { service: uniqueName('caller'), broker, target: { service } };
    const client = await clientOf(options, isAsync);
    expect(await values(client, { cmd: 'sum' }, [1, 2])).toEqual([3]);
    const before = paid.length;
    await lastValueFrom(client.emit('paid', 5));
    await waitFor(() => paid.length > before, { what: 'the event' });
    expect(client.unwrap()).toBe(broker);
  });

  it('calls by addresses where it is of no service', async () => {
    const broker = newBroker();
    const service = await start(broker);
    const client = await clientOf({ service: uniqueName('caller'), broker });
    expect(await values(client, `${service}/{"cmd":"sum"}`, [1])).toEqual([1]);
    expect(await values(client, { service, pattern: { cmd: 'sum' } }, [2])).toEqual([2]);
  });
});

describe('the client for ClientsModule', () => {
  const options = () => ({ service: uniqueName('caller'), broker: memory() });

  it('tells its states by status and by on, until it is closed with its application', async () => {
    const client = await clientOf(options());
    const states: string[] = [];
    const told: string[] = [];
    client.status.subscribe((state) => states.push(state));
    (client as AsyncCallsClientProxy).on('state', () => {
      throw new Error('a listener that fails');
    });
    (client as AsyncCallsClientProxy).on('state', (state) => void told.push(state));
    await client.connect();
    await waitFor(() => states.includes('running'), { what: 'running' });
    await running.splice(0)[0]?.close();
    expect(states.at(-1)).toBe('closed');
    expect(told).toEqual(states);
    await expect(values(client, 'a/b', 1)).rejects.toMatchObject({ code: 'closed' });
  });

  it('tells of errors', () => {
    const client = new AsyncCallsClientProxy(options());
    expect(() => client.on('nothing' as never, (() => undefined) as never)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('state, error') }),
    );
  });

  it('has the checks of the module', async () => {
    const wrong = { service: 'a b', broker: memory(), calls: { timeout: 1 } };
    await expect(async () => clientOf(wrong as never)).rejects.toThrow(/there is no option "timeout"/);
    await expect(async () => clientOf({ ...options(), target: 'math' as never })).rejects.toThrow(
      /target: 'math' says not whose patterns/,
    );
    await expect(async () => clientOf({ ...options(), target: { service: 'a b' } })).rejects.toThrow(
      /target: 'a b' is not a service name/,
    );
  });

  it("can take patterns for topics of Nest's own transport", async () => {
    const broker = memory();
    const topic = uniqueName('sum');
    @Controller()
    class NestController {
      @MessagePattern(topic)
      double(@Payload() number: string) {
        return Number(number) * 2;
      }
    }
    await startService({ broker, controllers: [NestController], nestTopics: true });
    const client = await clientOf({ service: uniqueName('caller'), broker, target: { nestTopics: true } });
    expect(await values(client, topic, 21)).toEqual(['42']);
  });
});
