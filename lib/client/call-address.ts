import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';
import { type EndpointAddress, type EndpointTarget, parseTarget } from '../protocol/endpoint-address.js';
import { eventTopicFault } from '../protocol/event.js';
import { isTopicName } from '../protocol/topic-names.js';
import type { ClientOptions } from './client-options.js';
import type { Destination } from './destination.js';

/** A topic of events, and the type of an event for it. */
export interface EventTarget {
  readonly topic: string;
  readonly type?: string;
}

/** A topic that a service reads with Nest's own Kafka transport: the pattern of its handler. */
export interface NestTopicTarget {
  readonly nestTopic: string;
}

/** What a call can be addressed to. */
export type CallTarget = EndpointTarget | EventTarget | NestTopicTarget;

/** Where a call goes, and what stands on it. */
export interface CallAddress {
  readonly destination: Destination;
  /** Absent on events, and for topics of Nest's own transport. */
  readonly endpoint?: string;
  /** The type of an event, if it has one. */
  readonly type?: string;
  /** The service's endpoint; absent on events. */
  readonly of?: EndpointAddress;
}

/** Whether events are addressed, and no endpoint. */
export function isEventTarget(target: CallTarget): target is EventTarget {
  return typeof target === 'object' && target !== null && 'topic' in target;
}

/** Whether a handler of Nest's own transport is addressed. */
export function isNestTopic(target: CallTarget): target is NestTopicTarget {
  return typeof target === 'object' && target !== null && 'nestTopic' in target;
}

/** What the call is of, for messages. */
export function nameOf(target: CallTarget): string {
  if (typeof target === 'string') return target;
  if (isNestTopic(target)) return target.nestTopic;
  return isEventTarget(target) ? target.topic : `${target?.service}${target?.endpoint}`;
}

/** Finds the addresses of calls, and remembers the destinations. */
export class CallAddresses {
  private readonly destinations = new Map<string, Destination>();

  constructor(private readonly options: ClientOptions) {}

  /** Throws `invalid-argument` for a target that is none. */
  of(target: CallTarget): CallAddress {
    if (isEventTarget(target)) return { destination: this.eventsOf(target.topic), type: target.type };
    if (isNestTopic(target)) return { destination: this.nestTopic(target.nestTopic) };
    const of = parseTarget(target);
    return { destination: this.requestsTo(of.service), endpoint: of.endpoint, of };
  }

  /** The topic of the requests to a service, which the service creates. */
  private requestsTo(service: string): Destination {
    const topic = this.options.topicNames.requests(service);
    return this.destination(topic, () => ({
      topic,
      missing: () =>
        new AsyncCallError(
          'unknown-service',
          `There is no service "${service}" on this broker: the topic "${topic}" does not exist. ` +
            'A service creates it when it starts. Check the name, the topic prefix and the broker.',
        ),
    }));
  }

  /** A topic of events, which whoever comes first creates. */
  private eventsOf(name: string): Destination {
    const fault = eventTopicFault(name);
    if (fault) throw new AsyncCallError('invalid-argument', `${fault}.`);
    const topic = this.options.topicNames.events(name);
    return this.destination(topic, () => ({
      topic,
      spec: { ...this.options.eventTopics, topic },
      missing: () =>
        new AsyncCallError(
          'unknown-topic',
          `The topic "${topic}" was deleted while events were published to it.`,
        ),
    }));
  }

  /** A topic that is for the service of Nest's own transport to create; no prefix of ours stands before it. */
  private nestTopic(topic: string): Destination {
    if (typeof topic !== 'string' || !isTopicName(topic)) {
      throw new AsyncCallError(
        'invalid-argument',
        `${inspect(topic)} is not the name of a topic: write the pattern of a handler, { nestTopic: 'sum' }.`,
      );
    }
    return this.destination(topic, () => ({
      topic,
      missing: () =>
        new AsyncCallError(
          'unknown-service',
          `No service of Nest's own Kafka transport has ever read "${topic}": there is no such topic on this broker. ` +
            'Check the pattern and the broker.',
        ),
    }));
  }

  private destination(topic: string, create: () => Destination): Destination {
    let destination = this.destinations.get(topic);
    if (!destination) this.destinations.set(topic, (destination = create()));
    return destination;
  }
}
