import { Body, ConflictException, Controller, Get, NotFoundException, Post } from '@nestjs/common';
import { IsPositive } from 'class-validator';
import { Type } from 'class-transformer';
import { AsyncCallsClient, AsyncEndpoint } from 'nestjs-async-calls';
import { BodyFromUrl, EventStream, sse } from 'nestjs-async-calls/http';
import { Observable } from 'rxjs';

export class Order {
  @Type(() => Number)
  @IsPositive()
  amount!: number;
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
