import { Observable, Subscription } from 'rxjs';
import { AsyncCallError } from '../errors/async-call-error.js';
import { type EndpointTarget, parseTarget } from '../protocol/endpoint-address.js';
import type { Caller } from './caller.js';
import { EndpointClient } from './endpoint-client.js';
import {
  checkGatherEventOptions,
  checkGatherOptions,
  type Gathered,
  type GatherEvent,
  type GatherEventOptions,
  type GatherOptions,
} from './gather-options.js';
import { Gathering } from './gathering.js';

/** See {@link AsyncCallsClient.gather}. */
export function gather<T>(
  caller: Caller,
  targets: readonly EndpointTarget[],
  data: unknown,
  options: GatherOptions<T>,
): Observable<Gathered<T>> {
  return new Observable((subscriber) => {
    checkGatherOptions(options as GatherOptions);
    const names = targets.map(addressOf);
    assertTargets(names);
    const { count, withinMs, when, ...callOptions } = options;
    const gathering = new Gathering<T>(names, { count, withinMs, when }, subscriber, caller.environment);
    const calls = new Subscription(() => gathering.stop());
    // Before they are subscribed to: the first may be enough.
    subscriber.add(calls);
    targets.forEach((target, index) => {
      const from = names[index];
      const responses = new EndpointClient(caller, target, callOptions).responses<T>(data);
      calls.add(
        responses.subscribe({
          next: (response) => gathering.next(from, response),
          error: (error) => gathering.ended(from, error),
          complete: () => gathering.ended(from),
        }),
      );
    });
  });
}

/** The same for whoever has subscribed to an event. */
export function gatherOfEvent<T>(
  caller: Caller,
  event: GatherEvent,
  data: unknown,
  options: GatherEventOptions<T>,
): Observable<Gathered<T>> {
  return new Observable((subscriber) => {
    checkGatherEventOptions(options as GatherEventOptions, event);
    const { count, withinMs, when, expect = [], key, headers } = options;
    const gathering = new Gathering<T>(expect, { count, when }, subscriber, caller.environment);
    const call = caller.startGathering(
      {
        kind: 'request',
        target: { topic: event.event, type: event.type },
        data,
        options: { key, headers, timeoutMs: withinMs },
      },
      {
        next: () => undefined,
        complete: () => undefined,
        // Its time is over: what is not stored by then is not asked.
        error: (error) =>
          call.isStored && isTimeout(error) ? gathering.end('time') : subscriber.error(error),
      },
      {
        next: (service, response) => gathering.next(service, response as never),
        ended: (service, error) => gathering.ended(service, error),
      },
    );
    return () => {
      gathering.stop();
      call.cancel();
    };
  });
}

/** Throws `invalid-argument` for a target that is none. */
function addressOf(target: EndpointTarget): string {
  const { service, endpoint } = parseTarget(target);
  return `${service}${endpoint}`;
}

function isTimeout(error: unknown): boolean {
  return error instanceof AsyncCallError && error.code === 'timeout';
}

function assertTargets(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length > 0 && twice === undefined) return;
  throw new AsyncCallError(
    'invalid-argument',
    twice === undefined
      ? 'There is nobody to gather from: write at least one endpoint.'
      : `"${twice}" is to be asked twice: write each endpoint once.`,
  );
}
