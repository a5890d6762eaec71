import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncCallContext, AsyncEndpoint } from 'nestjs-async-calls';
import { firstValueFrom, lastValueFrom, Subject } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

interface Step {
  readonly mark: string;
  readonly number: number;
  /** How many attempts fail. */
  readonly failures?: number;
}

const log: string[] = [];
const running = new Set<string>();
const gates = new Map<string, Subject<void>>();

@Controller()
class OrderController {
  @AsyncEndpoint('/step', { retry: { attempts: 3, initialDelayMs: 1 } })
  async step(@Payload() { mark, number, failures = 0 }: Step, @Ctx() { key, attempt }: AsyncCallContext) {
    const lane = `${mark} ${key}`;
    if (running.has(lane)) log.push(`${lane}: two at once`);
    running.add(lane);
    await new Promise((resolve) => setImmediate(resolve));
    running.delete(lane);
    log.push(`${lane}: ${number}.${attempt}`);
    if (attempt <= failures) throw new Error('try again');
  }

  @AsyncEndpoint('/gated')
  async gated(@Payload() mark: string) {
    log.push(mark);
    await firstValueFrom(gates.get(mark)!, { defaultValue: undefined });
  }
}

describeOnBrokers('G3: order per key', (newBroker) => {
  async function setUp() {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 } };
    const { name } = await startService({ broker, topics, controllers: [OrderController] });
    const { client } = await startService({ broker });
    return { name, client, mark: uniqueName('mark') };
  }

  it('runs the requests of a key one after the other, retries included', async () => {
    const { name, client, mark } = await setUp();
    const keys = ['a', 'b', 'c'];
    const calls = Array.from({ length: 20 }, (_, number) =>
      keys.map((key) =>
        lastValueFrom(
          client.to(`${name}/step`, { key }).send({ mark, number, failures: number % 5 === 0 ? 2 : 0 }),
        ),
      ),
    );
    await Promise.all(calls.flat());
    const expected = Array.from({ length: 20 }, (_, number) =>
      number % 5 === 0 ? [`${number}.1`, `${number}.2`, `${number}.3`] : [`${number}.1`],
    ).flat();
    for (const key of keys) {
      const lane = `${mark} ${key}: `;
      expect(log.filter((each) => each.startsWith(lane)).map((each) => each.slice(lane.length))).toEqual(
        expected,
      );
    }
  });

  it('runs other keys, and requests without a key, beside one that takes long', async () => {
    const { name, client, mark } = await setUp();
    gates.set(mark, new Subject());
    const slow = lastValueFrom(client.to(`${name}/gated`, { key: 'slow' }).send(mark));
    await waitFor(() => log.includes(mark), { what: 'the slow one to run' });
    const behind = lastValueFrom(client.to(`${name}/step`, { key: 'slow' }).send({ mark, number: 1 }));
    await lastValueFrom(client.to(`${name}/step`, { key: 'other' }).send({ mark, number: 2 }));
    await lastValueFrom(client.send(`${name}/step`, { mark, number: 3 }));
    expect(log.filter((each) => each.startsWith(`${mark} `))).toEqual([
      `${mark} other: 2.1`,
      `${mark} undefined: 3.1`,
    ]);
    gates.get(mark)!.complete();
    await Promise.all([slow, behind]);
    expect(log.at(-1)).toBe(`${mark} slow: 1.1`);
  });
});
