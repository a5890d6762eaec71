import { AsyncCallError, type AsyncCallsClient, type CallOptions } from 'nestjs-async-calls';
import type { Emit } from './commands.js';

/** A call to make. Its values come as items. */
export interface CallInput {
  readonly target: string;
  readonly data?: unknown;
  readonly options?: CallOptions;
}

/** An error as it reached the caller. */
export interface ErrorSeen {
  /** Whether it was an AsyncCallError. */
  readonly typed: boolean;
  readonly code: string;
  readonly statusCode: number;
  readonly message: string;
  readonly details?: unknown;
}

/** Calls to an endpoint that answers `{ call, part }` once for each part of `{ call, parts }`. */
export interface LoadInput {
  readonly target: string;
  /** Stands before the number in the `call` of each request. */
  readonly prefix: string;
  readonly calls: number;
  readonly parts: number;
  /** How many are under way at once. Default: all. */
  readonly inFlight?: number;
  /** Whether further calls are made until `enough` is asked for. */
  readonly untilEnough?: boolean;
}

/** What came of a load. */
export interface LoadReport {
  /** Calls that were made. */
  made: number;
  /** Calls that got exactly their own complete stream. */
  complete: number;
  /** What was wrong with the others; at most ten. */
  readonly wrong: string[];
  /** Calls by the instance that answered last. */
  readonly servedBy: Record<string, number>;
}

interface Part {
  readonly call: string;
  readonly part: number;
}

/** What a process with a client does for its test. */
export function clientCommands(client: AsyncCallsClient) {
  let enough = false;
  return {
    connect: () => client.connect(),
    call: (input: CallInput, emit: Emit) => makeCall(client, input, emit),
    load: (input: LoadInput, emit: Emit) => {
      enough = false;
      return load(client, input, emit, () => input.untilEnough !== true || enough);
    },
    enough: () => {
      enough = true;
    },
  };
}

/** Makes a call; resolves with the error that ended it, if one did. */
function makeCall(client: AsyncCallsClient, { target, data, options }: CallInput, emit: Emit) {
  return new Promise<ErrorSeen | undefined>((resolve) => {
    client
      .to(target, options)
      .send(data)
      .subscribe({
        next: emit,
        error: (error: AsyncCallError) => resolve(seen(error)),
        complete: () => resolve(undefined),
      });
  });
}

function seen(error: AsyncCallError): ErrorSeen {
  const { code, statusCode, message, details } = error;
  return { typed: error instanceof AsyncCallError, code, statusCode, message, details };
}

/** Keeps calls under way until all are made. Emits the number of calls over, after each. */
async function load(
  client: AsyncCallsClient,
  input: LoadInput,
  emit: Emit,
  isEnough: () => boolean,
): Promise<LoadReport> {
  const report: LoadReport = { made: 0, complete: 0, wrong: [], servedBy: {} };
  let over = 0;
  const worker = async () => {
    while (report.made < input.calls || !isEnough()) {
      const id = `${input.prefix}-${report.made}`;
      report.made += 1;
      await makeOneOfMany(client, input, id, report);
      over += 1;
      emit(over);
    }
  };
  await Promise.all(Array.from({ length: input.inFlight ?? input.calls }, worker));
  return report;
}

async function makeOneOfMany(
  client: AsyncCallsClient,
  { target, parts }: LoadInput,
  call: string,
  report: LoadReport,
): Promise<void> {
  const got: Part[] = [];
  const requestIds = new Set<string>();
  let ended = 'complete';
  let instance = '';
  try {
    await client
      .to(target)
      .responses<Part>({ call, parts })
      .forEach((response) => {
        got.push(response.value);
        requestIds.add(response.requestId);
        instance = response.instance ?? '';
      });
  } catch (error) {
    ended = String(error);
  }
  const own = got.length === parts && got.every((each, part) => each.call === call && each.part === part);
  if (own && ended === 'complete' && requestIds.size === 1) {
    report.complete += 1;
    report.servedBy[instance] = (report.servedBy[instance] ?? 0) + 1;
  } else if (report.wrong.length < 10) {
    report.wrong.push(`${call}: ${ended}, ${requestIds.size} request ids, ${JSON.stringify(got)}`);
  }
}
