import { Controller, Module, ServiceUnavailableException } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsModule, AsyncEndpoint } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';

export interface Bundle {
  readonly bundle: number;
  readonly amount: number;
}

/** What the broker can give away; tests put their own in its place. */
export class Safe {
  readonly content: number = 10_000_000;
}

@Controller()
export class MoneyController {
  constructor(private readonly safe: Safe) {}

  @AsyncEndpoint('/show-me-the-money')
  *showMeTheMoney(@Payload() amount: number): Generator<Bundle> {
    if (amount > this.safe.content) throw new ServiceUnavailableException('so much is not in the safe');
    for (let bundle = 1; bundle <= 4; bundle += 1) yield { bundle, amount: amount / 4 };
  }
}

/** The service that answers: an application as it runs in production, with a broker that tests do not need. */
@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service: 'a-money-broker',
      broker: kafkajs({ brokers: ['localhost:9092'] }),
    }),
  ],
  controllers: [MoneyController],
  providers: [Safe],
})
export class MoneyBrokerModule {}
