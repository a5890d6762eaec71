import { type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule, type Broker } from 'nestjs-async-calls';
import { Customer } from './customer.js';

/** The service that calls. */
@Module({ providers: [Customer] })
export class CustomerModule {
  static on(broker: Broker): DynamicModule {
    return {
      module: CustomerModule,
      imports: [AsyncCallsModule.forRoot({ service: 'a-customer', broker })],
    };
  }
}
