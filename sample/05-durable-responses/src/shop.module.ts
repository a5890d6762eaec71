import { Controller, type DynamicModule, Injectable, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncResponse,
  type Broker,
  type ReceivedResponse,
} from 'nestjs-async-calls';
import { lastValueFrom, Subject } from 'rxjs';

interface Order {
  readonly orderId: number;
}

@Injectable()
export class Orders {
  constructor(private readonly client: AsyncCallsClient) {}

  /** Resolves when the broker has the request; the responses come to the controller. */
  async place(goods: string, state: Order): Promise<void> {
    const supplier = this.client.to('supplier/deliver', { responses: 'handlers', state });
    await lastValueFrom(supplier.emit({ goods }));
  }
}

@Controller()
export class DeliveryController {
  readonly over = new Subject<void>();

  @AsyncResponse('supplier', '/deliver')
  delivery(@Payload() { kind, value, error, state, isEnd }: ReceivedResponse<string, Order>): void {
    if (kind === 'error') console.log(`order ${state.orderId}: ${error.message}`);
    else if (kind !== 'complete') console.log(`order ${state.orderId} is ${value}`);
    if (isEnd) this.over.next();
  }
}

/** An instance of the service that calls. */
@Module({ providers: [Orders], controllers: [DeliveryController] })
export class ShopModule {
  static on(broker: Broker): DynamicModule {
    return {
      module: ShopModule,
      imports: [AsyncCallsModule.forRoot({ service: 'shop', broker })],
    };
  }
}
