// What Nest makes of one method that is a route and an endpoint; docs/from-http.md says the same in words.
import { expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  type CanActivate,
  Catch,
  ConflictException,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Headers,
  HttpException,
  Injectable,
  Post,
  Query,
  UseFilters,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { IsPositive } from 'class-validator';
import { AsyncCallContext, AsyncEndpoint } from 'nestjs-async-calls';
import { BodyFromUrl } from 'nestjs-async-calls/http';
import { lastValueFrom, of, throwError, toArray } from 'rxjs';
import { request } from '../../support/events-client.js';
import { describeOnHttp, startHttpService } from '../../support/http.js';

class Wish {
  @IsPositive()
  @Type(() => Number)
  amount!: number;
}

/** Lets in who says the word, in a header of either. */
@Injectable()
class WordGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return wordOf(context) === 'please';
  }
}

function wordOf(context: ExecutionContext): unknown {
  return context.getType() === 'http'
    ? context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>().headers['x-word']
    : context.switchToRpc().getContext<AsyncCallContext>().headers.get('x-word');
}

class OutOfMoney extends Error {}

/** Answers HTTP itself, and hands the error on to callers of the endpoint. */
@Catch(OutOfMoney)
class OutOfMoneyFilter extends BaseExceptionFilter implements ExceptionFilter {
  override catch(error: OutOfMoney, host: ArgumentsHost): unknown {
    const exception = new HttpException(error.message, 402);
    return host.getType() === 'http' ? super.catch(exception, host) : throwError(() => exception);
  }
}

@Controller()
class BothController {
  @Post('body')
  @AsyncEndpoint('/body')
  body(@Body() wish: Wish) {
    return { amount: wish.amount, isWish: wish instanceof Wish };
  }

  @Get('url/:currency')
  @BodyFromUrl()
  @AsyncEndpoint('/url')
  url(@Body() wish: Wish) {
    return { amount: wish.amount, isWish: wish instanceof Wish };
  }

  @Post('property')
  @AsyncEndpoint('/property')
  property(@Body('amount') amount: number) {
    return { amount };
  }

  @Get('query')
  @AsyncEndpoint('/query')
  query(@Query() query: unknown) {
    return { query: query ?? 'nothing' };
  }

  @Post('context')
  @AsyncEndpoint('/context')
  context(@Body() _: unknown, @Ctx() context: AsyncCallContext | Record<string, unknown>) {
    return context instanceof AsyncCallContext ? 'the context' : `headers of ${String(context['host'])}`;
  }

  @Post('headers')
  @AsyncEndpoint('/headers')
  headers(@Body() _: unknown, @Headers() headers: unknown) {
    return headers instanceof AsyncCallContext ? 'the context' : 'headers';
  }

  @Post('nothing')
  @AsyncEndpoint('/nothing')
  nothing(...args: unknown[]) {
    return args;
  }

  @Post('guarded')
  @UseGuards(WordGuard)
  @AsyncEndpoint('/guarded')
  guarded() {
    return 'gold';
  }

  @Post('conflict')
  @AsyncEndpoint('/conflict')
  conflict() {
    throw new ConflictException({ message: 'The account is closed', account: 7 });
  }

  @Post('filtered')
  @UseFilters(OutOfMoneyFilter)
  @AsyncEndpoint('/filtered')
  filtered() {
    throw new OutOfMoney('There is no money');
  }

  @Post('stream')
  @AsyncEndpoint('/stream')
  stream() {
    return of({ bundle: 1 }, { bundle: 2 });
  }
}

describeOnHttp('one method for HTTP and Kafka', (newAdapter, newBroker) => {
  async function setUp() {
    const { url, client, name } = await startHttpService({
      broker: newBroker(),
      adapter: newAdapter(),
      controllers: [BothController],
      configure: (app) => app.useGlobalPipes(new ValidationPipe({ transform: true })),
    });
    const http = async (
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ) => {
      const response = await request(`${url}${path}`, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json');
      return [response.status, isJson ? (JSON.parse(text) as unknown) : text];
    };
    const kafka = (endpoint: string, data: unknown, headers = {}) =>
      lastValueFrom(client.to(`${name}${endpoint}`, { headers }).send(data).pipe(toArray()));
    return { http, kafka };
  }

  it('takes its data by @Body, or a property of it, through the same pipes', async () => {
    const { http, kafka } = await setUp();
    expect(await http('POST', '/body', { amount: 7 })).toEqual([201, { amount: 7, isWish: true }]);
    expect(await kafka('/body', { amount: 7 })).toEqual([{ amount: 7, isWish: true }]);
    expect(await http('POST', '/property', { amount: 7 })).toEqual([201, { amount: 7 }]);
    expect(await kafka('/property', { amount: 7 })).toEqual([{ amount: 7 }]);
    const faults = ['amount must be a positive number'];
    expect(await http('POST', '/body', { amount: -1 })).toMatchObject([400, { message: faults }]);
    await expect(kafka('/body', { amount: -1 })).rejects.toMatchObject({
      code: 'bad-request',
      statusCode: 400,
      details: { message: faults },
    });
  });

  it('takes what the URL says as its body with @BodyFromUrl, but no @Query from Kafka', async () => {
    const { http, kafka } = await setUp();
    expect(await http('GET', '/url/eur?amount=7')).toEqual([200, { amount: 7, isWish: true }]);
    expect(await kafka('/url', { amount: 7 })).toEqual([{ amount: 7, isWish: true }]);
    expect(await http('GET', '/query?amount=7')).toEqual([200, { query: { amount: '7' } }]);
    expect(await kafka('/query', { amount: 7 })).toEqual([{ query: 'nothing' }]);
  });

  it('cannot tell @Ctx from @Headers', async () => {
    const { http, kafka } = await setUp();
    for (const path of ['/context', '/headers']) {
      expect(await http('POST', path, {})).toEqual([201, expect.stringContaining('headers')]);
      expect(await kafka(path, {})).toEqual(['the context']);
    }
  });

  it('gets data without a decorator from Kafka only', async () => {
    const { http, kafka } = await setUp();
    expect(await http('POST', '/nothing', { amount: 7 })).toEqual([201, []]);
    expect(await kafka('/nothing', { amount: 7 })).toEqual([[{ amount: 7 }]]);
  });

  it('has the same guards', async () => {
    const { http, kafka } = await setUp();
    expect(await http('POST', '/guarded', {}, { 'x-word': 'please' })).toEqual([201, 'gold']);
    expect(await kafka('/guarded', {}, { 'x-word': 'please' })).toEqual(['gold']);
    expect(await http('POST', '/guarded', {})).toMatchObject([403, { statusCode: 403 }]);
    await expect(kafka('/guarded', {})).rejects.toMatchObject({ code: 'forbidden', statusCode: 403 });
  });

  it('fails with the same status', async () => {
    const { http, kafka } = await setUp();
    expect(await http('POST', '/conflict', {})).toEqual([
      409,
      { message: 'The account is closed', account: 7 },
    ]);
    await expect(kafka('/conflict', {})).rejects.toMatchObject({
      code: 'conflict',
      message: 'The account is closed',
      details: { account: 7 },
    });
    expect(await http('POST', '/filtered', {})).toMatchObject([402, { message: 'There is no money' }]);
    await expect(kafka('/filtered', {})).rejects.toMatchObject({
      code: 'client-error',
      statusCode: 402,
      message: 'There is no money',
    });
  });

  it('answers HTTP with the last value only, without @EventStream', async () => {
    const { http, kafka } = await setUp();
    expect(await http('POST', '/stream', {})).toEqual([201, { bundle: 2 }]);
    expect(await kafka('/stream', {})).toEqual([{ bundle: 1 }, { bundle: 2 }]);
  });
});
