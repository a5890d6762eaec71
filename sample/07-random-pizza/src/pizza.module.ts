import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncEndpoint,
  AsyncEvent,
  type Broker,
} from 'nestjs-async-calls';
import { lastValueFrom, type Observable } from 'rxjs';
import { type Order, Orders } from './orders.js';
import { keyOf, type Pizza } from './pizza.js';

@Controller()
export class PizzaController {
  constructor(
    private readonly orders: Orders,
    private readonly client: AsyncCallsClient,
  ) {}

  /** Answers when all bare pizzas are published; the rest is others' work. */
  @AsyncEndpoint('/order')
  async order(@Payload() { id, count }: { id: string; count: number }): Promise<void> {
    this.orders.open(id, count);
    const pizzas = Array.from({ length: count }, (_, index): Pizza => ({ order: id, index }));
    await Promise.all(
      pizzas.map((pizza) => lastValueFrom(this.client.publish('pizza', pizza, { key: keyOf(pizza) }))),
    );
  }

  @AsyncEvent('pizza-with-veggies', { startFrom: 'earliest' })
  ready(@Payload() pizza: Pizza): void {
    this.orders.ready(pizza);
  }

  @AsyncEndpoint('/follow')
  follow(@Payload() id: string): Observable<number> {
    return this.orders.progressOf(id);
  }

  @AsyncEndpoint('/order-by-id')
  orderById(@Payload() id: string): Order {
    return this.orders.of(id);
  }
}

/** The service that takes orders, begins pizzas and gets them back. */
@Module({ controllers: [PizzaController], providers: [Orders] })
export class PizzaModule {
  static on(broker: Broker): DynamicModule {
    return { module: PizzaModule, imports: [AsyncCallsModule.forRoot({ service: 'pizza', broker })] };
  }
}
