import { inspect } from 'node:util';
import type { Observable } from 'rxjs';
import { AsyncCallsClient, type AnyTarget } from '../client/async-calls-client.js';
import type { CallOptions } from '../client/call-options.js';
import type { EndpointClient } from '../client/endpoint-client.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { isEndpointContract } from '../protocol/endpoint-contract.js';
import { serviceNameFault } from '../protocol/endpoint-address.js';
import type { AsyncCallsOptions } from './async-calls-options.js';
import { resolveOptions } from './resolve-options.js';
import { SYSTEM_SURROUNDINGS } from './surroundings.js';

/** Whose handlers the patterns of a client are: a service of this library, or topics of Nest's own Kafka transport. */
export type PatternOwner = { readonly service: string } | { readonly nestTopics: true };

/** What {@link AsyncCallsClientProxy} is made with: the module's options, and whose patterns it takes. */
export interface AsyncCallsClientProxyOptions extends AsyncCallsOptions {
  /**
   * With it, `send` and `emit` take bare patterns, as other clients of Nest do: `client.send({ cmd: 'sum' }, data)`. Default:
   * they take full addresses, `service/endpoint`.
   */
  readonly target?: PatternOwner;
}

/**
 * The client for Nest's own `ClientsModule`:
 * `ClientsModule.register([{ name: 'MATH', customClass: AsyncCallsClientProxy, options: { service, broker } }])`.
 *
 * It has the module's defaults, connects at the first call or by `connect()`, and is closed with the application. Throws
 * `invalid-argument` if its options are wrong, with all that is wrong with them.
 */
export class AsyncCallsClientProxy extends AsyncCallsClient {
  private readonly owner: PatternOwner | undefined;

  constructor({ target, ...options }: AsyncCallsClientProxyOptions) {
    super(resolveOptions(options, SYSTEM_SURROUNDINGS).client);
    const fault = ownerFault(target);
    if (fault) throw new AsyncCallError('invalid-argument', `target: ${fault}.`);
    this.owner = target;
  }

  /** See {@link AsyncCallsClient.to}; with the option `target` it takes a pattern. */
  override to(target: unknown, options?: CallOptions): EndpointClient {
    return super.to(this.owned(target), options);
  }

  /** See {@link AsyncCallsClient.send}; with the option `target` it takes a pattern. */
  override send<TResult = unknown, TInput = unknown>(target: unknown, data: TInput): Observable<TResult> {
    return this.to(target).send<TResult, TInput>(data);
  }

  /** See {@link AsyncCallsClient.emit}; with the option `target` it takes a pattern. */
  override emit<TResult = void, TInput = unknown>(target: unknown, data: TInput): Observable<TResult> {
    return this.to(target).emit(data) as Observable<TResult>;
  }

  private owned(pattern: unknown): AnyTarget {
    const { owner } = this;
    // A contract says itself whose endpoint it is of.
    if (owner === undefined || isEndpointContract(pattern)) return pattern as AnyTarget;
    return 'service' in owner
      ? { service: owner.service, pattern }
      : { nestTopic: this.normalizePattern(pattern as string) };
  }
}

function ownerFault(owner: unknown): string | undefined {
  if (owner === undefined) return undefined;
  if (typeof owner === 'object' && owner !== null) {
    if ('service' in owner) return serviceNameFault(owner.service);
    if ('nestTopics' in owner && owner.nestTopics === true) return undefined;
  }
  return `${inspect(owner)} says not whose patterns they are: write { service: 'math' } or { nestTopics: true }`;
}
