/** How many responses of a stream the broker has not acknowledged yet, and who waits for them to be fewer. */
export class Unacknowledged {
  private responses = 0;
  private size = 0;
  private waiting: (() => void)[] = [];

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
    const resolvers = this.waiting;
    this.waiting = [];
    for (const resolve of resolvers) resolve();
  }

  /** Resolves when there are fewer than so many. */
  async fewerThan(count: number): Promise<void> {
    while (this.responses >= count) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
  }
}
