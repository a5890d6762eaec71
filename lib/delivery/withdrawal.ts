/** Whether the caller of a request has given it up: then nobody wants its result. */
export class Withdrawal {
  private readonly running = new Set<AbortController>();
  private withdrawn = false;

  /** Whether it has. */
  get isGiven(): boolean {
    return this.withdrawn;
  }

  /** The caller gives up: whatever {@link cuts} has named ends. */
  give(): void {
    this.withdrawn = true;
    for (const controller of this.running) controller.abort();
  }

  /** Runs work that a withdrawal cuts short by aborting its controller. */
  async cuts<T>(controller: AbortController, work: () => Promise<T>): Promise<T> {
    if (this.withdrawn) controller.abort();
    this.running.add(controller);
    try {
      return await work();
    } finally {
      this.running.delete(controller);
    }
  }
}
