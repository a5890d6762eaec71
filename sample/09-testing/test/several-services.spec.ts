import { expect, it } from '@jest/globals';
import { memory } from 'nestjs-async-calls/memory';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { CHAIN } from '../../07-random-pizza/src/chain.js';
import { PizzaModule } from '../../07-random-pizza/src/pizza.module.js';
import { ToppingModule } from '../../07-random-pizza/src/topping.module.js';

it('a pizza goes from service to service until it is ready', async () => {
  const broker = memory();
  // The five services of sample 07.
  const tester = await AsyncCallsTesting.start([
    PizzaModule.on(broker),
    ...CHAIN.map((options) => ToppingModule.on(broker, options)),
  ]);
  await tester.call('pizza/order', { id: 'order-1', count: 1 });
  await tester.settled();
  expect(tester.transcript()).toMatchInlineSnapshot(`
    "test -> pizza                 /order request     {"id":"order-1","count":1}
    pizza -> pizza                event              {"order":"order-1","index":0}
    pizza -> test                 /order response 0
    pizza -> test                 /order end 1
    sauce -> pizza-with-sauce     event              {"order":"order-1","index":0,"sauce":"tomato"}
    cheese -> pizza-with-cheese   event              {"order":"order-1","index":0,"sauce":"tomato","cheese":"mozzarella"}
    meat -> pizza-with-meat       event              {"order":"order-1","index":0,"sauce":"tomato","cheese":"mozzarella","meat":"bacon"}
    veggie -> pizza-with-veggies  event              {"order":"order-1","index":0,"sauce":"tomato","cheese":"mozzarella","meat":"bacon","veggie":"mushrooms"}"
  `);
  await tester.close();
});
