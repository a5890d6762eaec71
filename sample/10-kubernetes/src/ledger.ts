import { setTimeout as takes } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';

export interface Payment {
  /** The caller's own: the same payment has the same id, however often it is sent. */
  readonly id: string;
  readonly account: string;
  readonly cents: number;
}

export interface Booking {
  readonly payment: string;
  readonly account: string;
  readonly balance: number;
}

/** What a transaction takes. */
export const BOOKING_MS = 100;

/** Stands for the pool of connections to your database, e.g. that of `pg`. */
@Injectable()
export class Ledger implements OnApplicationShutdown {
  private readonly logger = new Logger('Ledger');
  private readonly bookings = new Map<string, Booking>();
  private readonly balances = new Map<string, number>();
  private isOpen = true;

  /** Books a payment once: a request may be delivered again, and then brings the same ids. */
  async book({ id, account, cents }: Payment): Promise<Booking> {
    await takes(BOOKING_MS);
    if (!this.isOpen) throw new Error('The ledger is closed');
    const before = this.bookings.get(id);
    if (before) return before;
    const balance = (this.balances.get(account) ?? 0) + cents;
    const booking = { payment: id, account, balance };
    this.balances.set(account, balance);
    this.bookings.set(id, booking);
    return booking;
  }

  /** Nest calls this when the service is drained and its client is closed: nothing asks the ledger any more. */
  onApplicationShutdown(): void {
    this.isOpen = false;
    this.logger.log(`Closed after ${this.bookings.size} bookings`);
  }
}
