import type { TopicSpec } from '../broker/admin.js';
import type { Broker } from '../broker/broker.js';
import type { Environment } from '../environment/environment.js';
import type { RequestKind } from '../protocol/request.js';
import type { Serializer } from '../protocol/serializer.js';
import type { TopicNames } from '../protocol/topic-names.js';
import type { OnRedelivery } from './call-options.js';

/** A call, as whoever watches a client sees it. */
export interface WatchedCall {
  readonly kind: RequestKind;
  /** What is called: `service/endpoint`. */
  readonly target: string;
  /** How many responses have been passed on. */
  readonly received: number;
  /** Calls back once, when the call is over in whatever way. */
  onOver(listener: () => void): void;
}

/** Hears of a call, and whose it is, before it leaves. */
export type OnCall = (call: WatchedCall, service: string) => void;

/** What a client needs to know; resolved: without defaults. */
export interface ClientOptions {
  /** The calling service. */
  readonly service: string;
  /** `service/instance`, sent with each request. */
  readonly source: string;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly topicNames: TopicNames;
  readonly replyTopic: TopicSpec;
  /** How topics of events are created. */
  readonly eventTopics: Omit<TopicSpec, 'topic'>;
  /** Where responses go that come to handlers. */
  readonly responseTopic: TopicSpec;
  /** Whether these topics may be created; if not they have to exist. */
  readonly createTopics: boolean;
  readonly serializer: Serializer;
  /** How long a call may take when it does not say itself. */
  readonly timeoutMs: number;
  /** How long a call waits for a response when it does not say itself; `Infinity` for no limit. */
  readonly idleTimeoutMs: number;
  /** What becomes of a stream that is delivered again when the call does not say itself. */
  readonly onRedelivery: OnRedelivery;
  /** Whether services may put several responses into one record. */
  readonly frames: boolean;
  /** How many calls may be pending. */
  readonly maxPending: number;
  /** Absent for nobody. */
  readonly onCall?: OnCall;
}
