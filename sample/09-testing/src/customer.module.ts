import { Controller, Injectable, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsClient, AsyncCallsModule, AsyncEndpoint } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom, reduce, tap } from 'rxjs';
import type { Bundle } from './money-broker.module.js';

@Injectable()
export class Wallet {
  content = 0;

  constructor(private readonly client: AsyncCallsClient) {}

  /** Puts each bundle in when it comes. What came before a failure stays. */
  async fill(wish: number): Promise<number> {
    const bundles = this.client
      .to('a-money-broker/show-me-the-money', { timeoutMs: 5_000 })
      .send<Bundle>(wish)
      .pipe(
        tap(({ amount }) => (this.content += amount)),
        reduce((sum, { amount }) => sum + amount, 0),
      );
    return lastValueFrom(bundles);
  }
}

@Controller()
export class CustomerController {
  constructor(private readonly wallet: Wallet) {}

  @AsyncEndpoint('/fill')
  fill(@Payload() wish: number): Promise<number> {
    return this.wallet.fill(wish);
  }

  @AsyncEndpoint('/content')
  content(): number {
    return this.wallet.content;
  }
}

/** The service that calls the money broker, and is called itself. */
@Module({
  imports: [
    AsyncCallsModule.forRoot({ service: 'a-customer', broker: kafkajs({ brokers: ['localhost:9092'] }) }),
  ],
  controllers: [CustomerController],
  providers: [Wallet],
})
export class CustomerModule {}
