import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { AsyncCallsModule, type Broker } from 'nestjs-async-calls';
import { AccountsController } from './accounts.controller.js';
import { BankController } from './bank.controller.js';

/** The service that answers: `bank`, unless the broker is shared with others. */
@Module({ controllers: [BankController, AccountsController] })
export class BankModule {
  static on(broker: Broker, service = 'bank', controllers: Type[] = []): DynamicModule {
    return { module: BankModule, imports: [AsyncCallsModule.forRoot({ service, broker })], controllers };
  }
}

/** The service that calls. */
@Module({})
export class CustomerModule {
  static on(broker: Broker, service = 'customer'): DynamicModule {
    return { module: CustomerModule, imports: [AsyncCallsModule.forRoot({ service, broker })] };
  }
}
