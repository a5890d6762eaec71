import { Logger } from '@nestjs/common';
import { type Observable, type Observer, Subscription } from 'rxjs';

const logger = new Logger('EventStream');

/** The values that a response is made of. They can be left at any time, also while they come at once. */
export class Source {
  private readonly subscription = new Subscription();

  /** Subscribes, unless it was left before. */
  subscribe(values: Observable<unknown>, observer: Observer<unknown>): void {
    this.subscription.add(values.subscribe(observer));
  }

  /** Unsubscribes. It does not throw what the clean-up of the values throws: it runs where nobody would catch that. */
  leave(): void {
    try {
      this.subscription.unsubscribe();
    } catch (error) {
      logger.error(error);
    }
  }
}
