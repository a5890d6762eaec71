import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule, AsyncEndpoint, type Broker } from 'nestjs-async-calls';
import { showMeTheMoney } from './money.contract.js';

@Controller()
export class MoneyController {
  /** Does not compile if it takes, or gives, anything else than the contract says. */
  @AsyncEndpoint(showMeTheMoney)
  async *showMeTheMoney({ amount }: { amount: number }) {
    for (let bundle = 1; bundle <= 3; bundle += 1) yield { bundle, amount: amount / 3 };
  }
}

/** The service that answers. */
@Module({ controllers: [MoneyController] })
export class MoneyBrokerModule {
  static on(broker: Broker): DynamicModule {
    return {
      module: MoneyBrokerModule,
      imports: [AsyncCallsModule.forRoot({ service: showMeTheMoney.address.service, broker })],
    };
  }
}
