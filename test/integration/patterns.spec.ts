import { describe, expect, it } from '@jest/globals';
import { Controller, Injectable, NotFoundException, Scope } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { AsyncEndpoint, PatternContext } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { lastValueFrom, of, throwError, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { OnEvent } from '../support/on-event.js';
import { recordsOf } from '../support/records.js';
import { waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

@Controller()
class MathController {
  @MessagePattern('sum')
  sum(@Payload() numbers: number[]) {
    return numbers.reduce((sum, each) => sum + each, 0);
  }

  @MessagePattern({ cmd: 'count', version: 1 })
  count(@Payload() to: number) {
    return of(...Array.from({ length: to }, (_, index) => index + 1));
  }

  @MessagePattern(/^math\.[a-z]+$/g)
  any(@Payload() data: unknown, @Ctx() context: PatternContext) {
    return { endpoint: context.endpoint, data, message: context.getMessage() };
  }

  @MessagePattern('math.fail')
  fail() {
    throw new NotFoundException('No such sum');
  }
}

describeOnBrokers('handlers of plain patterns', (newBroker) => {
  const start = () => startService({ broker: newBroker(), controllers: [MathController] });

  it('are endpoints, by their names and by their patterns', async () => {
    const { client, name: service } = await start();
    const values = (target: Parameters<typeof client.send>[0], data: unknown) =>
      lastValueFrom(client.send(target, data).pipe(toArray()));
    expect(await values(`${service}/sum`, [1, 2, 3])).toEqual([6]);
    expect(await values({ service, pattern: 'sum' }, [4])).toEqual([4]);
    expect(await values({ service, pattern: { version: 1, cmd: 'count' } }, 3)).toEqual([1, 2, 3]);
    expect(await values({ service, endpoint: '{"cmd":"count","version":1}' }, 1)).toEqual([1]);
    await expect(values(`${service}/math.fail`, 0)).rejects.toMatchObject({
      code: 'not-found',
      message: 'No such sum',
    });
  });

  it('serve what their regular expression matches, each time, and nothing else', async () => {
    const { client, name } = await start();
    for (const data of ['first', 'second']) {
      expect(await lastValueFrom(client.to(`${name}/math.any`, { key: 'k' }).send(data))).toEqual({
        endpoint: '/math.any',
        data,
        message: expect.objectContaining({ topic: `${name}.requests`, key: 'k', value: `"${data}"` }),
      });
    }
    await expect(lastValueFrom(client.send(`${name}/math.ANY`, 0))).rejects.toMatchObject({
      code: 'unknown-endpoint',
    });
  });
});

let made = 0;

@Injectable({ scope: Scope.REQUEST })
class OfOneEvent {
  readonly number = ++made;
}

describe('events of plain patterns', () => {
  it('run all handlers of one pattern, those of requests too, and answer nobody', async () => {
    const seen: string[] = [];
    @Controller()
    class FirstController {
      @OnEvent('paid')
      paid(@Payload() amount: number, @Ctx() context: PatternContext) {
        seen.push(`first ${amount} ${context.oneWay}`);
        return of('goes nowhere');
      }
    }
    @Controller()
    class SecondController {
      constructor(private readonly own: OfOneEvent) {}

      @OnEvent('paid')
      paid(@Payload() amount: number) {
        seen.push(`second ${amount} ${this.own.number > 0}`);
      }
    }
    const { client, name: service } = await startService({
      broker: memory(),
      controllers: [FirstController, SecondController],
      providers: [OfOneEvent],
    });
    await lastValueFrom(client.emit({ service, pattern: 'paid' }, 5));
    await waitFor(() => seen.length === 2, { what: 'both handlers' });
    expect(seen.toSorted()).toEqual(['first 5 true', 'second 5 true']);
    await expect(lastValueFrom(client.send(`${service}/paid`, 6))).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('emit()'),
    });
    expect(seen.length).toBe(2);
  });

  it('wait for all handlers before they are tried again, and are kept when they have failed for good', async () => {
    const broker = memory();
    const seen: string[] = [];
    @Controller()
    class FailingController {
      @OnEvent('paid')
      fails() {
        seen.push('failing');
        return throwError(() => new Error('no'));
      }

      @OnEvent('paid')
      async takesLonger() {
        seen.push('begins');
        await new Promise((resolve) => setImmediate(resolve));
        seen.push('ends');
      }
    }
    const { client, name } = await startService({
      broker,
      controllers: [FailingController],
      delivery: { retry: { attempts: 2, initialDelayMs: 0 } },
    });
    await lastValueFrom(client.emit(`${name}/paid`, 1));
    const [letter] = await waitFor(
      async () => {
        const letters = await recordsOf(broker, `${name}.dead-letters`);
        return letters.length > 0 && letters;
      },
      { what: 'the dead letter' },
    );
    expect(letter.value?.toString()).toBe('1');
    expect(seen).toEqual(['failing', 'begins', 'ends', 'failing', 'begins', 'ends']);
  });
});

describe('plain patterns', () => {
  it('can be left to other servers', async () => {
    const { client, name } = await startService({
      broker: memory(),
      controllers: [MathController],
      patterns: 'ignore',
    });
    await expect(lastValueFrom(client.send(`${name}/sum`, [1]))).rejects.toMatchObject({
      code: 'unknown-endpoint',
    });
  });

  it('are refused where two handlers have one name', async () => {
    @Controller()
    class AnotherController {
      @MessagePattern('/sum')
      sum() {}
    }
    @Controller()
    class EventController {
      @OnEvent('sum')
      sum() {}
    }
    @Controller()
    class EndpointController {
      @AsyncEndpoint('/sum')
      sum() {}
    }
    const starting = (...others: (new () => object)[]) =>
      startService({ broker: memory(), controllers: [MathController, ...others] });
    await expect(starting(AnotherController)).rejects.toThrow(/@MessagePattern\('\/sum'\)/);
    await expect(starting(EventController)).rejects.toThrow(
      /@MessagePattern\('sum'\).*@EventPattern\('sum'\)/,
    );
    await expect(starting(EndpointController)).rejects.toThrow(
      /"\/sum" \(EndpointController\.sum\) and @MessagePattern\('sum'\).*patterns: 'ignore'/,
    );
    const endpointFirst = startService({
      broker: memory(),
      controllers: [EndpointController, MathController],
    });
    await expect(endpointFirst).rejects.toThrow(/EndpointController\.sum/);
  });
});
