import { describe, expect, it, jest } from '@jest/globals';
import { Controller, NotFoundException } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { Logger } from '@nestjs/common';
import { type Broker, PatternContext } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { concat, from, lastValueFrom, map, of, throwError } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { OnEvent } from '../support/on-event.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { NestCaller, type NestReply } from '../support/nest-caller.js';
import { writeRaw } from '../support/raw-records.js';
import { recordsOf } from '../support/records.js';
import { startService } from '../support/services.js';

/** What a reply says beside its correlation id. */
function said({ key, value, headers }: NestReply) {
  const { 'kafka_nest-err': error, 'kafka_nest-is-disposed': disposed } = headers;
  return {
    ...(key !== null && { key }),
    value,
    ...(disposed && { last: disposed.toString('hex') }),
    ...(error && { error: JSON.parse(error.toString()) as unknown }),
  };
}

const ONE_PARTITION = { requests: { partitions: 1 } };

/** A service with handlers of its own topics, and a caller that knows Nest's form alone. */
async function startBoth(broker: Broker) {
  const topic = (name: string) => `${name}.${prefix}`;
  const prefix = uniqueName('pattern');
  const seen: unknown[] = [];
  let attempts = 0;
  @Controller()
  class NestController {
    @MessagePattern(topic('echo'))
    echo(@Payload() data: unknown) {
      return data;
    }

    @MessagePattern(topic('count'))
    count(@Payload() to: { to: number }) {
      return from(Array.from({ length: to.to }, (_, index) => index));
    }

    @MessagePattern(topic('keyed'))
    keyed() {
      return { key: 'k', value: { sum: 6 }, headers: { tenant: 'blue' } };
    }

    @MessagePattern(topic('slow-end'))
    slowEnd() {
      return concat(
        of('one'),
        from(Promise.resolve('two')),
        from(new Promise((end) => setImmediate(end))).pipe(map(() => 'x')),
      );
    }

    @MessagePattern(topic('missing'))
    missing() {
      throw new NotFoundException('No account');
    }

    @MessagePattern(topic('rpc'))
    rpc() {
      throw new RpcException({ status: 409, message: 'Taken', by: 'Ann' });
    }

    @MessagePattern(topic('flaky'))
    flaky() {
      attempts += 1;
      if (attempts < 2) throw new Error('try again');
      return { attempts };
    }

    @MessagePattern(topic('breaks'))
    breaks() {
      attempts += 1;
      return concat(
        of(attempts),
        throwError(() => new Error('in mid-stream')),
      );
    }

    @MessagePattern(new RegExp(`^any-[0-9]+\\.${prefix}$`, 'g'))
    any(@Ctx() context: PatternContext) {
      return context.getTopic();
    }

    @OnEvent(topic('paid'))
    paid(@Payload() data: unknown, @Ctx() context: PatternContext) {
      seen.push({ data, key: context.getMessage().key, headers: context.getMessage().headers });
    }
  }
  const service = await startService({
    broker,
    controllers: [NestController],
    topics: ONE_PARTITION,
    nestTopics: true,
    delivery: { retry: { attempts: 2, initialDelayMs: 0 } },
  });
  const caller = await NestCaller.start(broker);
  const call = async (name: string, value: string | null, count = 1) => {
    const replies = await caller.send(topic(name), { value });
    return (await replies(count)).map(said);
  };
  return { ...service, caller, call, topic, seen };
}

const LAST = { last: '00' };

describeOnBrokers("the topics of Nest's own transport", (newBroker) => {
  it('are served, and answered in its form', async () => {
    const { call, client, name, topic, caller } = await startBoth(newBroker());
    expect(await call('echo', '{"a":[1]}')).toEqual([{ value: '{"a":[1]}', ...LAST }]);
    expect(await call('echo', '5')).toEqual([{ value: '5', ...LAST }]);
    expect(await call('count', '{"to":3}', 3)).toEqual([
      { value: '0' },
      { value: '1' },
      { value: '2', ...LAST },
    ]);
    expect(await call('count', '{"to":0}')).toEqual([{ value: null, ...LAST }]);
    expect(await call('keyed', null)).toEqual([{ key: 'k', value: '{"sum":6}', ...LAST }]);
    // The same handler, called by a client of this library.
    expect(await lastValueFrom(client.send(`${name}/${topic('echo')}`, 5))).toBe(5);

    const partition = Buffer.alloc(4);
    partition.writeInt32BE(1);
    const correlationId = Buffer.from('0011223344556677889900aabbccddeeff', 'hex');
    const replies = await caller.send(topic('echo'), {
      correlationId,
      replyPartition: partition,
      value: '{"of":"Spring"}',
    });
    expect((await replies(1)).map(said)).toEqual([{ value: '{"of":"Spring"}', ...LAST }]);
  });

  it('get errors as Nest writes them, with more', async () => {
    const { call } = await startBoth(newBroker());
    expect(await call('missing', '{}')).toEqual([
      {
        value: null,
        ...LAST,
        error: { status: 'error', message: 'No account', statusCode: 404, code: 'not-found' },
      },
    ]);
    expect(await call('rpc', '{}')).toEqual([
      {
        value: null,
        ...LAST,
        error: { status: 409, message: 'Taken', by: 'Ann', statusCode: 409, code: 'conflict' },
      },
    ]);
  });

  it('are retried before the first value, and not behind it', async () => {
    const broker = newBroker();
    const { call, name } = await startBoth(broker);
    expect(await call('flaky', '{}')).toEqual([{ value: '{"attempts":2}', ...LAST }]);
    expect(await call('breaks', '{}', 2)).toMatchObject([
      { value: '3' },
      { value: null, error: { message: 'Internal server error' } },
    ]);
    // It is kept, before its caller was told.
    expect(await recordsOf(broker, `${name}.dead-letters`)).toHaveLength(1);
    expect(await call('flaky', '{}')).toEqual([{ value: '{"attempts":4}', ...LAST }]);
  });

  it('may be chosen by a regular expression, also when they come to be later', async () => {
    const broker = newBroker();
    const { caller, topic } = await startBoth(broker);
    const admin = broker.createAdmin({ clientId: 'test' });
    await admin.createTopics([{ topic: topic('any-1'), partitions: 1, replicationFactor: 1 }]);
    await admin.close();
    const replies = await caller.send(topic('any-1'), { value: '{}' });
    expect((await replies(1)).map(said)).toEqual([{ value: topic('any-1'), ...LAST }]);
  });

  it('of events are not answered, and events with one correlation id are several', async () => {
    const broker = newBroker();
    const { caller, call, topic, seen, name } = await startBoth(broker);
    const headers = [['tenant', 'blue']] as const;
    const event = { correlationId: 'same', key: Buffer.from('acc'), value: '{"amount":5}', headers };
    const replies = await caller.send(topic('paid'), event);
    await caller.send(topic('paid'), event);
    await writeRaw(broker, { topic: topic('paid'), partition: 0 }, [
      { key: Buffer.from('gone'), value: null },
    ]);
    await waitFor(() => seen.length === 3, { what: 'three events' });
    expect(seen.slice(0, 2)).toEqual(
      [1, 2].map(() => ({
        data: { amount: 5 },
        key: 'acc',
        headers: expect.objectContaining({ tenant: 'blue', kafka_correlationId: 'same' }),
      })),
    );
    expect(seen[2]).toMatchObject({ data: { key: 'gone', value: null }, key: 'gone' });
    // What was written to the reply topic before this is there by now.
    await call('echo', '1');
    await expect(replies(0)).resolves.toEqual([]);
    expect(await recordsOf(broker, `${name}.dead-letters`)).toEqual([]);
  });

  it('hold records that cannot be answered: they are kept', async () => {
    const broker = newBroker();
    const { caller, call, topic, name } = await startBoth(broker);
    await caller.send(topic('echo'), { value: '1', replyPartition: 'x' });
    await call('echo', '2');
    const [letter] = await recordsOf(broker, `${name}.dead-letters`);
    expect(letter.value?.toString()).toBe('1');
  });
});

describe('the topics of patterns', () => {
  it.each(['sum.reply', 'bank.requests', '__offsets'])('may not be %s', async (pattern) => {
    @Controller()
    class PatternController {
      @MessagePattern(pattern)
      handle() {}
    }
    const starting = startService({ broker: memory(), controllers: [PatternController], nestTopics: true });
    await expect(starting).rejects.toThrow(`'${pattern}' is the name of an internal topic`);
  });

  it('are not internal ones, though an expression matches them: one warning says so', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const broker = memory();
    const [internal, own] = ['a.reply', 'b'];
    const admin = broker.createAdmin({ clientId: 'test' });
    await admin.createTopics(
      [internal, own].map((topic) => ({ topic, partitions: 1, replicationFactor: 1 })),
    );
    await admin.close();
    for (const topic of [internal, own]) await writeRaw(broker, { topic, partition: 0 }, [{ value: topic }]);
    const seen: unknown[] = [];
    @Controller()
    class AnyController {
      @OnEvent(/./)
      any(@Payload() data: unknown) {
        seen.push(data);
      }
    }
    const nestTopics = { startFrom: 'earliest' } as const;
    await startService({ broker, controllers: [AnyController], nestTopics });
    await waitFor(() => seen.length > 0, { what: 'the event' });
    expect(seen).toEqual([own]);
    const warnings = warn.mock.calls.filter(([message]) => String(message).includes('internal topic'));
    warn.mockRestore();
    expect(warnings).toHaveLength(1);
  });

  it('are read by a group of their own, if that is said, from where it has stopped', async () => {
    const broker = memory();
    const topic = uniqueName('orders');
    const admin = broker.createAdmin({ clientId: 'test' });
    await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
    await writeRaw(broker, { topic, partition: 0 }, [{ value: 'old' }, { value: 'new' }]);
    const seen: unknown[] = [];
    @Controller()
    class OrdersController {
      @OnEvent(topic)
      order(@Payload() data: unknown) {
        seen.push(data);
      }
    }
    const groupId = 'orders-server';
    const first = await startService({
      broker,
      controllers: [OrdersController],
      nestTopics: { groupId, startFrom: 'earliest' },
    });
    await waitFor(() => seen.length === 2, { what: 'both' });
    await first.app.close();
    await writeRaw(broker, { topic, partition: 0 }, [{ value: 'meanwhile' }]);
    await startService({ broker, controllers: [OrdersController], nestTopics: { groupId } });
    await waitFor(() => seen.length === 3, { what: 'the third' });
    expect(seen).toEqual(['old', 'new', 'meanwhile']);
    const committed = await admin.fetchCommitted(groupId, [topic]);
    expect(committed[0]?.offset).not.toBeNull();
    await admin.close();
  });
});
