/** Whatever ends with a {@link Cutoff}. */
interface Abortable {
  abort(): void;
}

/**
 * Says once, and for good, that something is to end: an AbortController that costs little until somebody asks for its
 * signal. Every request has some, and most handlers never look at theirs.
 */
export class Cutoff implements Abortable {
  private readonly causes: readonly Cutoff[];
  private dependents: Set<Abortable> | undefined;
  private controller: AbortController | undefined;
  private isAborted = false;

  /** One that is aborted with any of these, until it is released. */
  constructor(...causes: readonly Cutoff[]) {
    this.causes = causes;
    for (const cause of causes) {
      if (cause.aborted) this.isAborted = true;
      else cause.add(this);
    }
  }

  /** Whether it has been aborted. */
  get aborted(): boolean {
    return this.isAborted;
  }

  /** The same for whoever works with signals. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.isAborted) this.controller.abort();
    }
    return this.controller.signal;
  }

  /** Ends whatever depends on it. */
  abort(): void {
    if (this.isAborted) return;
    this.isAborted = true;
    this.release();
    this.controller?.abort();
    const { dependents } = this;
    this.dependents = undefined;
    for (const each of dependents ?? []) each.abort();
  }

  /** Calls back at the abort, or at once if it has been. Returns what takes the listener away. */
  onAbort(listener: () => void): () => void {
    if (this.isAborted) {
      listener();
      return () => undefined;
    }
    const dependent: Abortable = { abort: listener };
    this.add(dependent);
    return () => this.dependents?.delete(dependent);
  }

  /** It is needed no more: its causes, which may live long, forget it. */
  release(): void {
    for (const cause of this.causes) cause.dependents?.delete(this);
  }

  private add(dependent: Abortable): void {
    this.dependents ??= new Set();
    this.dependents.add(dependent);
  }
}
