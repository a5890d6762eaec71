import { expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  NotFoundException,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Payload, RpcException } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { AsyncCallError, AsyncEndpoint } from 'nestjs-async-calls';
import { catchError, lastValueFrom, of, throwError } from 'rxjs';
import { describeOnBrokers } from '../../support/brokers.js';
import { uniqueName, waitFor } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';
import { startService } from '../../support/services.js';

class Order {
  @IsInt()
  amount!: number;
}

class Refusal extends Error {}

@Catch(Refusal)
class RefusalFilter implements ExceptionFilter {
  catch(exception: Refusal) {
    return throwError(() => new AsyncCallError('forbidden', `refused: ${exception.message}`));
  }
}

@Catch(Refusal)
class ConsolingFilter implements ExceptionFilter {
  catch() {
    return of('consoled');
  }
}

/** What many applications have: it takes everything, for HTTP and for calls. */
@Catch()
class CatchAllFilter implements ExceptionFilter {
  catch(exception: unknown, host: ArgumentsHost) {
    if (host.getType() === 'rpc') return throwError(() => ({ statusCode: 410, message: 'caught' }));
    throw exception;
  }
}

const THROWN = {
  http: () => new NotFoundException('no such account'),
  details: () => new HttpException({ reason: 'limit', limit: 100 }, 422),
  teapot: () => new HttpException('short and stout', 418),
  rpc: () => new RpcException('not today'),
  'rpc-status': () => new RpcException({ statusCode: 409, message: 'taken', by: 'Ann' }),
  own: () => new AsyncCallError('too-many-requests', 'slow down', { details: { afterMs: 100 } }),
  secret: () => new Error('password=hunter2'),
  library: () => Object.assign(new Error('upstream said 404'), { status: 404, config: { token: 'secret' } }),
  text: () => 'just text' as never,
  refusal: () => new Refusal('no'),
};

@Controller()
class FailingController {
  @AsyncEndpoint('/throw')
  throwIt(@Payload() kind: keyof typeof THROWN) {
    throw THROWN[kind]();
  }

  @AsyncEndpoint('/reject')
  async reject(@Payload() kind: keyof typeof THROWN) {
    throw THROWN[kind]();
  }

  @AsyncEndpoint('/emit-error')
  emitError(@Payload() kind: keyof typeof THROWN) {
    return throwError(() => THROWN[kind]());
  }

  @AsyncEndpoint('/bigint')
  bigint() {
    return 10n;
  }

  @AsyncEndpoint('/validated')
  validated(@Payload() order: Order) {
    return order.amount;
  }

  @AsyncEndpoint('/guarded')
  @UseGuards({ canActivate: () => false })
  guarded() {}

  @AsyncEndpoint('/locked')
  @UseGuards({
    canActivate: () => {
      throw new UnauthorizedException('who are you?');
    },
  })
  locked() {}

  @AsyncEndpoint('/consoled')
  @UseFilters(ConsolingFilter)
  consoled() {
    throw new Refusal('no');
  }

  @Get('http-failure')
  httpFailure() {
    throw new BadRequestException('bad');
  }
}

describeOnBrokers('errors', (newBroker) => {
  async function setUp(providers: NonNullable<Parameters<typeof startService>[0]['providers']> = []) {
    const service = await startService({
      broker: newBroker(),
      controllers: [FailingController],
      providers,
      configure: (app) => app.useGlobalPipes(new ValidationPipe({ transform: true })),
    });
    const errorOf = (endpoint: string, data?: unknown) =>
      lastValueFrom(
        service.client.send(`${service.name}${endpoint}`, data).pipe(catchError((error) => of(error))),
      );
    return { ...service, errorOf };
  }

  it('keeps status, message and details of what a handler throws, in each way of throwing', async () => {
    const { errorOf } = await setUp();
    for (const endpoint of ['/throw', '/reject', '/emit-error']) {
      const error = await errorOf(endpoint, 'http');
      expect(error).toBeInstanceOf(AsyncCallError);
      expect(error).toMatchObject({ code: 'not-found', statusCode: 404, message: 'no such account' });
    }
    const expected = {
      details: { code: 'unprocessable', statusCode: 422, details: { reason: 'limit', limit: 100 } },
      teapot: { code: 'client-error', statusCode: 418, message: 'short and stout' },
      rpc: { code: 'internal', statusCode: 500, message: 'not today' },
      'rpc-status': { code: 'conflict', statusCode: 409, message: 'taken', details: { by: 'Ann' } },
      own: { code: 'too-many-requests', statusCode: 429, message: 'slow down', details: { afterMs: 100 } },
    };
    for (const [kind, error] of Object.entries(expected))
      expect(await errorOf('/throw', kind)).toMatchObject(error);
  });

  it('does not tell the caller what was not meant for it', async () => {
    const { errorOf } = await setUp();
    for (const kind of ['secret', 'library', 'text']) {
      const error = await errorOf('/throw', kind);
      expect(error).toMatchObject({ code: 'internal', statusCode: 500, message: 'Internal server error' });
      expect(error.details).toBeUndefined();
    }
  });

  it('answers what pipes and guards refuse', async () => {
    const { errorOf } = await setUp();
    expect(await errorOf('/validated', { amount: 'much' })).toMatchObject({
      code: 'bad-request',
      statusCode: 400,
      details: { message: ['amount must be an integer number'] },
    });
    expect(await errorOf('/guarded')).toMatchObject({ code: 'forbidden', statusCode: 403 });
    expect(await errorOf('/locked')).toMatchObject({ code: 'unauthorized', message: 'who are you?' });
  });

  it("lets the application's filters go first", async () => {
    const { errorOf } = await setUp([{ provide: APP_FILTER, useClass: RefusalFilter }]);
    expect(await errorOf('/throw', 'refusal')).toMatchObject({ code: 'forbidden', message: 'refused: no' });
    expect(await errorOf('/throw', 'http')).toMatchObject({ statusCode: 404 });
    expect(await errorOf('/consoled')).toBe('consoled');
  });

  it('leaves the last word to a filter that catches everything', async () => {
    const { errorOf } = await setUp([{ provide: APP_FILTER, useClass: CatchAllFilter }]);
    expect(await errorOf('/throw', 'http')).toMatchObject({ statusCode: 410, message: 'caught' });
    expect(await errorOf('/emit-error', 'secret')).toMatchObject({ statusCode: 410, message: 'caught' });
  });

  it('leaves the errors of HTTP as they are, and lends its own to it', async () => {
    const { app, name } = await setUp();
    await app.listen(0, '127.0.0.1');
    const response = await fetch(`${await app.getUrl()}/http-failure`);
    expect([response.status, await response.json()]).toEqual([
      400,
      { statusCode: 400, message: 'bad', error: 'Bad Request' },
    ]);
    expect((await fetch(`${await app.getUrl()}/${name}-nowhere`)).status).toBe(404);
  });

  it('says at once that an endpoint or a service does not exist', async () => {
    const { errorOf, client, name } = await setUp();
    expect(await errorOf('/no-such-thing')).toMatchObject({
      code: 'unknown-endpoint',
      statusCode: 501,
      message: `The service "${name}" has no endpoint "/no-such-thing".`,
    });
    const nobody = uniqueName('nobody');
    await expect(lastValueFrom(client.send(`${nobody}/x`, 1))).rejects.toMatchObject({
      code: 'unknown-service',
      message: expect.stringContaining(`"${nobody}.requests" does not exist`),
    });
  });

  it('tells the caller, and its own log, that a response cannot be sent', async () => {
    const { errorOf } = await setUp();
    expect(await errorOf('/bigint')).toMatchObject({
      code: 'internal',
      statusCode: 500,
      message: expect.stringContaining('Response 0 cannot be sent'),
    });
  });

  it('finds the partition of a caller whose reply topic has grown', async () => {
    const { client: old, name } = await setUp();
    await expect(lastValueFrom(old.send(`${name}/throw`, 'http'))).rejects.toMatchObject({ statusCode: 404 });
    const broker = old.unwrap();
    const topic = `${name}.replies`;
    const before = broker.createAdmin({ clientId: 'test' });
    await before.deleteTopics([topic]);
    await waitFor(async () => (await before.describeTopics([topic])).length === 0, {
      what: 'the topic to go',
    });
    await before.createTopics([{ topic, partitions: 7 }]);
    const record = {
      topic: `${name}.requests`,
      partition: 0,
      key: null,
      value: Buffer.from('"http"'),
      headers: Object.entries({
        kafka_correlationId: '1',
        kafka_replyTopic: topic,
        kafka_replyPartition: '6',
        'ac-endpoint': '/throw',
      }).map(([header, value]) => [header, Buffer.from(value)] as const),
    };
    const producer = broker.createProducer({ clientId: 'test' });
    await producer.connect();
    await sendAll(producer, [record]);
    const ends = async () =>
      (await before.listOffsets([{ topic, partition: 6 }], 'latest'))[0]?.offset === 1n;
    await waitFor(ends, { what: 'the answer in the new partition' });
    await Promise.all([producer.close(), before.close()]);
  });

  it('refuses what cannot be sent, at the caller and at the service', async () => {
    const { errorOf, client, name } = await setUp();
    expect(await errorOf('/validated', 10n)).toMatchObject({ code: 'invalid-argument' });
    expect(await errorOf('/validated', 'x'.repeat(2_000_000))).toMatchObject({
      code: 'payload-too-large',
      statusCode: 413,
    });
    await expect(lastValueFrom(client.send('', 1))).rejects.toMatchObject({ code: 'invalid-argument' });
    const reserved = client.to(`${name}/throw`, { headers: { 'ac-kind': 'x' } });
    await expect(lastValueFrom(reserved.send(1))).rejects.toThrow(/reserved/);
    expect(client.inFlight).toBe(0);
  });
});
