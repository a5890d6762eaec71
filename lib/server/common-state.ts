import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState } from '../broker/consumer.js';

type OnState = (state: ConsumerState, error?: BrokerError) => void;

/** Of several consumers the one that is worst off counts. */
const FROM_WORST: readonly ConsumerState[] = [
  'failed',
  'unavailable',
  'starting',
  'rebalancing',
  'running',
  'closed',
];

/** What tells the state of one of so many consumers; it is passed on as the state of all of them. */
export function commonState(count: number, onState: OnState): (index: number) => OnState {
  const states = Array.from({ length: count }, (): ConsumerState => 'starting');
  const errors: (BrokerError | undefined)[] = [];
  return (index) => (state, error) => {
    states[index] = state;
    errors[index] = error;
    const worst = FROM_WORST.find((each) => states.includes(each)) ?? state;
    onState(worst, errors[states.indexOf(worst)]);
  };
}
