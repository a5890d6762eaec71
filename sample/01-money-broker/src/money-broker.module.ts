import { type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule, type Broker } from 'nestjs-async-calls';
import { MoneyController } from './money.controller.js';

/** The service that answers. */
@Module({ controllers: [MoneyController] })
export class MoneyBrokerModule {
  static on(broker: Broker): DynamicModule {
    return {
      module: MoneyBrokerModule,
      imports: [AsyncCallsModule.forRoot({ service: 'a-money-broker', broker })],
    };
  }
}
