import { createHash } from 'node:crypto';

/** A pizza, as far as it is made; each service adds its own. */
export interface Pizza {
  readonly order: string;
  /** Its place in the order. */
  readonly index: number;
  readonly sauce?: string;
  readonly cheese?: string;
  readonly meat?: string;
  readonly veggie?: string;
}

/** What can be added to a pizza. */
export type Topping = 'sauce' | 'cheese' | 'meat' | 'veggie';

/** Tells pizzas apart: the key of their events. */
export function keyOf({ order, index }: Pizza): string {
  return `${order}/${index}`;
}

/** Any of these, but the same for a pizza however often it is asked: an event may come twice. */
export function randomOf(choices: readonly string[], pizza: Pizza): string {
  const [byte] = createHash('sha256')
    .update(`${keyOf(pizza)} ${choices.join()}`)
    .digest();
  return choices[byte % choices.length];
}
