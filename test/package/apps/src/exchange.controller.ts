import {
  Body,
  type CallHandler,
  type CanActivate,
  ConflictException,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Post,
  Query,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { IsPositive } from 'class-validator';
import { Type } from 'class-transformer';
import { AsyncCallContext, AsyncCallsClient, AsyncEndpoint } from 'nestjs-async-calls';
import { BodyFromUrl, EventStream, sse } from 'nestjs-async-calls/http';
import { map, Observable, of } from 'rxjs';

export class Order {
  @Type(() => Number)
  @IsPositive()
  amount!: number;
}

@Injectable()
class Refusal implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class Marking implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<object> {
    return next.handle().pipe(map((marked: unknown) => ({ marked })));
  }
}

/** Each method for HTTP and Kafka, but the last. */
@Controller()
export class ExchangeController {
  left = 0;

  constructor(private readonly client: AsyncCallsClient) {}

  @Post('order')
  @AsyncEndpoint('/order')
  order(@Body() order: Order): object {
    return { amount: order.amount, isOrder: order instanceof Order };
  }

  @Get('coins/:amount')
  @EventStream()
  @BodyFromUrl()
  @AsyncEndpoint('/coins')
  async *coins(@Body() { amount }: Order): AsyncIterable<object> {
    for (let coin = 1; coin <= amount; coin += 1) yield { coin };
    if (amount > 2) throw new ConflictException('No more than two');
  }

  @Get('missing')
  @EventStream()
  @AsyncEndpoint('/missing')
  missing(): Observable<never> {
    return new Observable((subscriber) => subscriber.error(new NotFoundException('No such coin')));
  }

  @Get('query')
  @AsyncEndpoint('/query')
  query(@Query() query: unknown): object {
    return { query: query ?? 'nothing' };
  }

  @Post('context')
  @AsyncEndpoint('/context')
  context(@Body() _: unknown, @Ctx() context: unknown): object {
    return { isContext: context instanceof AsyncCallContext };
  }

  @Post('plain')
  @AsyncEndpoint('/plain')
  plain(...args: unknown[]): unknown[] {
    return args;
  }

  @Post('several')
  @UseInterceptors(Marking)
  @AsyncEndpoint('/several')
  several(): Observable<number> {
    return of(1, 2);
  }

  @Post('guarded')
  @UseGuards(Refusal)
  @AsyncEndpoint('/guarded')
  guarded(): string {
    return 'gold';
  }

  @AsyncEndpoint('/open')
  open(): Observable<string> {
    return new Observable<string>((subscriber) => {
      subscriber.next('open');
      return () => {
        this.left += 1;
      };
    });
  }

  @Get('proxy')
  @EventStream()
  proxy(): Observable<unknown> {
    return sse(this.client.to('exchange/open').responses({}));
  }
}
