import { AsyncEvent, defineEvent, type AsyncCallsClient } from 'nestjs-async-calls';
import { z } from 'zod';

// What the compiler has to take and to refuse of events with a contract; checked by `npm run typecheck`.

interface Pizza {
  readonly id: number;
}

const plain = defineEvent<Pizza>('pizza');
const transformed = defineEvent('pizza', { schema: z.object({ id: z.string().transform(Number) }) });

export class Subscribers {
  @AsyncEvent(plain)
  one(pizza: Pizza): void {
    void pizza;
  }

  @AsyncEvent(plain, { batch: { size: 10 } })
  many(pizzas: Pizza[]): void {
    void pizzas;
  }

  @AsyncEvent(transformed)
  async output(pizza: Pizza): Promise<void> {
    void pizza;
  }

  // @ts-expect-error it gets what the schema makes of an event
  @AsyncEvent(transformed)
  input(pizza: { id: string }): void {
    void pizza;
  }

  // @ts-expect-error one event is no array
  @AsyncEvent(plain)
  noBatch(pizzas: Pizza[]): void {
    void pizzas;
  }

  // @ts-expect-error a batch is an array
  @AsyncEvent(plain, { batch: { size: 10 } })
  oneOfBatch(pizza: Pizza): void {
    void pizza;
  }

  // @ts-expect-error the contract says the type
  @AsyncEvent(plain, { type: 'PizzaBaked' })
  typed(pizza: Pizza): void {
    void pizza;
  }
}

export function publishes(client: AsyncCallsClient): void {
  client.publish(plain, { id: 7 }, { key: '7' });
  client.publish(transformed, { id: '7' });
  client.publish('pizza', 'anything', { type: 'PizzaBaked' });
  // @ts-expect-error a publisher gives what the schema takes
  client.publish(transformed, { id: 7 });
  // @ts-expect-error the contract says the type
  client.publish(plain, { id: 7 }, { type: 'PizzaBaked' });
}
