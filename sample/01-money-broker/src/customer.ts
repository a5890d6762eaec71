import { Injectable } from '@nestjs/common';
import { AsyncCallsClient } from 'nestjs-async-calls';
import type { Bundle, Wish } from './money.controller.js';

@Injectable()
export class Customer {
  constructor(private readonly client: AsyncCallsClient) {}

  /** Asks once, and prints each partial response when it comes. */
  async askForMoney(wish: Wish): Promise<void> {
    const startedAt = Date.now();
    await this.client
      .to('a-money-broker/show-me-the-money')
      .responses<Bundle>(wish)
      .forEach(({ value, requestId }) => {
        const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
        console.log(`${seconds} s  bundle ${value.bundle} of 4: $${value.amount}  (request ${requestId})`);
      });
    console.log('That was all.');
  }
}
