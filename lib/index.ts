// For users.
export { AsyncCallsModule, type AsyncCallsModuleExtras } from './module/async-calls.module.js';
export type {
  AsyncCallsOptions,
  CallsOptions,
  DeliveryOptions,
  NestTopicsOptions,
  TopicOptions,
  TopicsOptions,
} from './module/async-calls-options.js';
export {
  AsyncCallsClientProxy,
  type AsyncCallsClientProxyOptions,
  type PatternOwner,
} from './module/async-calls-client-proxy.js';
export { asyncCallsMicroservice, connectAsyncCalls } from './module/connect.js';
export { defineEndpoint } from './contract/define-endpoint.js';
export { defineEvent } from './contract/define-event.js';
export { AsyncEndpoint, type AsyncEndpointOptions } from './server/async-endpoint.decorator.js';
export { AsyncEvent } from './server/async-event.decorator.js';
export type { AsyncEventOptions, BatchOptions } from './server/event-options.js';
export { AsyncEventContext } from './server/async-event-context.js';
export { AsyncEventBatchContext } from './server/async-event-batch-context.js';
export { AsyncResponse, type AsyncResponseOptions } from './server/async-response.decorator.js';
export { AsyncResponseContext } from './server/async-response-context.js';
export type { ReceivedResponse } from './server/received-response.js';
export { AsyncCallContext, type Caller } from './server/async-call-context.js';
export { AsyncCallsServer } from './server/async-calls-server.js';
export type { GroupHealth, PartitionHealth, ServerHealth, ServerPhase } from './server/server-health.js';
export { AsyncCallsClient, type AnyTarget } from './client/async-calls-client.js';
export type { CallTarget, NestTopicTarget } from './client/call-address.js';
export type { AsyncCallsClientEvents } from './client/client-events.js';
export type { PatternTarget } from './client/pattern-target.js';
export { EndpointClient } from './client/endpoint-client.js';
export type { AsyncCallResponse } from './client/async-call-response.js';
export type { ContractClient } from './client/contract-client.js';
export type { CallOptions, OnRedelivery } from './client/call-options.js';
export type { PublishOptions } from './client/publish-options.js';
export type {
  Gathered,
  GatheredEnd,
  GatheredFailure,
  GatheredResponse,
  GatherEvent,
  GatherEventOptions,
  GatherOptions,
  GatherReason,
} from './client/gather-options.js';
export type { ReplayOptions } from './client/replay.js';
export { ReplayedEvent } from './client/replayed-event.js';
export type { ClientHealth, RepliesHealth } from './client/client-health.js';
export type { ClientCounts } from './client/client-counts.js';
export { AsyncCallError, type AsyncCallErrorOptions } from './errors/async-call-error.js';
export {
  RetryableError,
  type RetryableErrorOptions,
  TerminalError,
  type HandlerErrorOptions,
} from './errors/handler-errors.js';
export type { RetryPolicy } from './delivery/retry-policy.js';
export type { StateHealth } from './broker/state-history.js';
export type { DeliveryCounts } from './delivery/delivery-counts.js';
export type { DuplicateStore, RequestClaim } from './delivery/duplicate-store.js';
export type { DuplicateWindow } from './delivery/memory-duplicate-store.js';
export type { EndpointOptions } from './server/endpoint-options.js';
export { PatternContext } from './server/pattern.context.js';
export type { PatternMessage } from './server/pattern-message.js';
export type { FailurePolicy, PatternPolicy } from './server/server-options.js';
export type { ErrorCode } from './errors/error-code.js';
export type { EndpointMethodDecorator } from './server/endpoint-method.js';
export type { EndpointContract } from './protocol/endpoint-contract.js';
export type { EventContract } from './protocol/event-contract.js';
export type { Schema, ValidationIssue } from './protocol/schema.js';
export type { EndpointAddress, EndpointTarget } from './protocol/endpoint-address.js';
export type { HeadersInput, HeaderValue, MessageHeaders } from './protocol/message-headers.js';

// For authors of serializers and drivers.
export { jsonSerializer } from './protocol/json-serializer.js';
export type { SerializedPayload, Serializer } from './protocol/serializer.js';
export { BrokerError, type BrokerErrorOptions } from './broker/broker-error.js';
export type * from './broker/admin.js';
export type * from './broker/broker.js';
export type * from './broker/consumer.js';
export type * from './broker/producer.js';
export type * from './broker/record.js';
