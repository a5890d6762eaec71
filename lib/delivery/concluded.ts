import type { Delivery, Handle, Outcome } from './delivery.js';

/** Looks at how a delivery has ended, and may make another end of it. */
export type Step<D extends Delivery> = (outcome: Outcome, delivery: D) => Outcome | Promise<Outcome>;

/**
 * Takes what comes of a delivery through the steps, one after the other. A step that has nothing to wait for costs no
 * promise: every request passes all of them.
 */
export function concluded<D extends Delivery>(handle: Handle<D>, steps: readonly Step<D>[]): Handle<D> {
  const conclude = (outcome: Outcome, delivery: D, from = 0): Outcome | Promise<Outcome> => {
    let latest = outcome;
    for (let index = from; index < steps.length; index += 1) {
      const next = steps[index](latest, delivery);
      if (next instanceof Promise) return next.then((later) => conclude(later, delivery, index + 1));
      latest = next;
    }
    return latest;
  };
  return (delivery) => handle(delivery).then((outcome) => conclude(outcome, delivery));
}
