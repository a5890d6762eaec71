/** What a parent asks of its child process. */
export interface Ask {
  readonly id: number;
  readonly command: string;
  readonly input: unknown;
}

/** What a child process tells its parent. The result of id 0: it is ready. */
export type Tell =
  | { readonly kind: 'item'; readonly id: number; readonly item: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string };

/** Passes something on to the parent before the result. */
export type Emit = (item: unknown) => void;

/** What a child process can do for its parent, by name. */
export type Commands = Readonly<Record<string, (input: never, emit: Emit) => unknown>>;

/** The settings that the parent has started this process with. */
export function settings<T>(): T {
  return JSON.parse(process.env['E2E_SETTINGS'] ?? '{}') as T;
}

/** Does what the parent asks from now on, tells it so, and ends with it. */
export function serveCommands(commands: Commands): void {
  process.on('disconnect', () => process.exit(1));
  process.on('message', ({ id, command, input }: Ask) => {
    const emit = (item: unknown) => tell({ kind: 'item', id, item });
    Promise.resolve()
      .then(() => commands[command](input as never, emit))
      .then(
        (result) => tell({ kind: 'result', id, result }),
        (error: Error) => tell({ kind: 'failure', id, message: String(error?.stack ?? error) }),
      );
  });
  tell({ kind: 'result', id: 0, result: undefined });
}

function tell(message: Tell): void {
  process.send?.(message);
}
