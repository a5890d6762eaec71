import type { ToppingOptions } from './topping.module.js';

/** Who adds what, in this order. */
export const CHAIN: readonly ToppingOptions[] = [
  { topping: 'sauce', choices: ['alfredo', 'barbecue', 'tomato'], from: 'pizza', to: 'pizza-with-sauce' },
  {
    topping: 'cheese',
    choices: ['cheddar', 'goat cheese', 'mozzarella'],
    from: 'pizza-with-sauce',
    to: 'pizza-with-cheese',
  },
  {
    topping: 'meat',
    choices: ['bacon', 'ham', 'no meat', 'salami'],
    from: 'pizza-with-cheese',
    to: 'pizza-with-meat',
  },
  {
    topping: 'veggie',
    choices: ['mushrooms', 'olives', 'onions', 'pepper'],
    from: 'pizza-with-meat',
    to: 'pizza-with-veggies',
  },
];
