import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsClient, AsyncCallsModule, AsyncEvent, type Broker } from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';
import { keyOf, type Pizza, randomOf, type Topping } from './pizza.js';

/** What a service does for a pizza. */
export interface ToppingOptions {
  /** What it adds; also its name. */
  readonly topping: Topping;
  readonly choices: readonly string[];
  /** The topic from which it takes pizzas, and the one to which it passes them on. */
  readonly from: string;
  readonly to: string;
}

function controllerOf({ topping, choices, from, to }: ToppingOptions) {
  @Controller()
  class ToppingController {
    constructor(readonly client: AsyncCallsClient) {}

    /** The event it takes is done when the one it publishes is stored: no pizza is lost in between. */
    @AsyncEvent(from, { startFrom: 'earliest' })
    async add(@Payload() pizza: Pizza): Promise<void> {
      const topped: Pizza = { ...pizza, [topping]: randomOf(choices, pizza) };
      await lastValueFrom(this.client.publish(to, topped, { key: keyOf(pizza) }));
    }
  }
  return ToppingController;
}

/** A service that adds one thing to each pizza. It knows two topics, and no other service. */
@Module({})
export class ToppingModule {
  static on(broker: Broker, options: ToppingOptions): DynamicModule {
    return {
      module: ToppingModule,
      imports: [AsyncCallsModule.forRoot({ service: options.topping, broker })],
      controllers: [controllerOf(options)],
    };
  }
}
