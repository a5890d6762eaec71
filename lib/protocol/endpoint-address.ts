import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';

/** An endpoint of a service. */
export interface EndpointAddress {
  /** The service's name, e.g. `a-money-broker`. */
  readonly service: string;
  /** The endpoint's name, e.g. `/show-me-the-money`; a missing first slash is added. */
  readonly endpoint: string;
}

/** An endpoint of a service as users write it: `a-money-broker/show-me-the-money`, or an object. */
export type EndpointTarget = string | EndpointAddress;

/** Names that are part of a topic's: Kafka takes these characters, and 249 of them in all. */
const SERVICE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,199}$/;

/** What is wrong with a service's name; `undefined` if nothing. */
export function serviceNameFault(service: unknown): string | undefined {
  if (typeof service === 'string' && SERVICE_NAME.test(service)) return undefined;
  return (
    `${inspect(service)} is not a service name: ` +
    'it has 1 to 200 letters, digits, ".", "_" and "-", and begins with a letter or digit'
  );
}

/** The endpoint's name as it travels: with its first slash. Throws `invalid-argument` if it is empty. */
export function normalizeEndpoint(endpoint: unknown): string {
  if (!isEndpointName(endpoint)) {
    throw new AsyncCallError(
      'invalid-argument',
      `${inspect(endpoint)} is not an endpoint name. Write one like "/show-me-the-money".`,
    );
  }
  return endpoint.startsWith('/') ? endpoint : `/${endpoint}`;
}

/** The address that a target stands for. Throws `invalid-argument`, saying how to write one. */
export function parseTarget(target: unknown): EndpointAddress {
  const { service, endpoint } = typeof target === 'string' ? split(target) : asAddress(target);
  const fault = serviceNameFault(service) ?? endpointNameFault(endpoint);
  if (fault) {
    throw new AsyncCallError(
      'invalid-argument',
      `${inspect(target)} is not an address: ${fault}. ` +
        'Address an endpoint as "service/endpoint" or { service, endpoint }.',
    );
  }
  return { service: service as string, endpoint: normalizeEndpoint(endpoint) };
}

/** What is wrong with an endpoint's name; `undefined` if nothing. */
export function endpointNameFault(endpoint: unknown): string | undefined {
  if (isEndpointName(endpoint)) return undefined;
  return endpoint === '' ? 'it has no endpoint' : `${inspect(endpoint)} is not an endpoint name`;
}

function isEndpointName(endpoint: unknown): endpoint is string {
  return typeof endpoint === 'string' && endpoint.replace(/^\/+/, '') !== '';
}

function split(target: string): { service: string; endpoint: string } {
  const slash = target.indexOf('/');
  return slash < 0
    ? { service: target, endpoint: '' }
    : { service: target.slice(0, slash), endpoint: target.slice(slash) };
}

function asAddress(target: unknown): { service?: unknown; endpoint?: unknown } {
  return typeof target === 'object' && target !== null ? target : {};
}
