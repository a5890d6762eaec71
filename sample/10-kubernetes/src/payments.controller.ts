import { BadRequestException, Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncEndpoint } from 'nestjs-async-calls';
import { type Booking, Ledger, type Payment } from './ledger.js';
import { MAX_PAYMENTS } from './options.js';

@Controller()
export class PaymentsController {
  constructor(private readonly ledger: Ledger) {}

  /** One partial response for each payment, as soon as it is booked. */
  @AsyncEndpoint('/pay')
  async *pay(@Payload() payments: readonly Payment[]): AsyncIterable<Booking> {
    if (payments.length > MAX_PAYMENTS)
      throw new BadRequestException(`${payments.length} payments are too many: send ${MAX_PAYMENTS} at most`);
    if (!payments.every(({ cents }) => Number.isSafeInteger(cents) && cents > 0))
      throw new BadRequestException('An amount is a whole number of cents, from 1 on');
    for (const payment of payments) yield await this.ledger.book(payment);
  }
}
