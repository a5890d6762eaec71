interface Waiting {
  readonly fewerThan: number;
  resolve(): void;
}

/** How many responses of a stream the broker has not acknowledged yet, and who waits for them to be fewer. */
export class Unacknowledged {
  private responses = 0;
  private size = 0;
  private waiting: readonly Waiting[] = [];

  get count(): number {
    return this.responses;
  }

  get bytes(): number {
    return this.size;
  }

  add(count: number, bytes: number): void {
    this.responses += count;
    this.size += bytes;
  }

  /** The broker has them, or never will. */
  remove(count: number, bytes: number): void {
    this.add(-count, -bytes);
    if (this.waiting.length === 0) return;
    const { waiting, responses } = this;
    this.waiting = waiting.filter(({ fewerThan }) => responses >= fewerThan);
    for (const each of waiting) if (responses < each.fewerThan) each.resolve();
  }

  /** Resolves when there are fewer than so many; `undefined` if there are. */
  fewerThan(count: number): Promise<void> | undefined {
    if (this.responses < count) return undefined;
    return new Promise((resolve) => {
      this.waiting = [...this.waiting, { fewerThan: count, resolve }];
    });
  }
}
