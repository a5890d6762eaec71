import { Injectable, NotFoundException } from '@nestjs/common';
import { distinctUntilChanged, map, type Observable, ReplaySubject, takeWhile } from 'rxjs';
import type { Pizza } from './pizza.js';

/** An order, and its pizzas that are ready, by their places. */
export interface Order {
  readonly id: string;
  readonly count: number;
  readonly ready: readonly Pizza[];
}

/** The orders of this instance; a real service has a database. */
@Injectable()
export class Orders {
  private readonly orders = new Map<string, { order: Order; changes: ReplaySubject<Order> }>();

  open(id: string, count: number): void {
    const order: Order = { id, count, ready: [] };
    const changes = new ReplaySubject<Order>();
    changes.next(order);
    this.orders.set(id, { order, changes });
  }

  /** A pizza that is ready twice is in its order once. One of an order before the last start is nobody's. */
  ready(pizza: Pizza): void {
    const known = this.orders.get(pizza.order);
    if (!known) return;
    const others = known.order.ready.filter(({ index }) => index !== pizza.index);
    known.order = { ...known.order, ready: [...others, pizza].toSorted((a, b) => a.index - b.index) };
    known.changes.next(known.order);
  }

  of(id: string): Order {
    return this.find(id).order;
  }

  /** How many pizzas of an order are ready, each time there is one more; ends with the last. */
  progressOf(id: string): Observable<number> {
    const { order, changes } = this.find(id);
    return changes.pipe(
      map(({ ready }) => ready.length),
      distinctUntilChanged(),
      takeWhile((ready) => ready < order.count, true),
    );
  }

  private find(id: string) {
    const known = this.orders.get(id);
    if (!known) throw new NotFoundException(`There is no order ${id}`);
    return known;
  }
}
