export { AsyncCallsTesting, type TestingOptions } from './async-calls-testing.js';
export type { AnyNestApplication, ApplicationOptions, TestedApplication } from './test-application.js';
export type { TestedFailure, TestedResponse, TestedValue } from './test-client.js';
export { FakeEndpoint, type FakeRequest, type RawResponse } from './fake-endpoint.js';
export type { Handled } from './deliveries.js';
export {
  describeOnBrokers,
  type Describe,
  type DescribeOptions,
  type SpecBroker,
} from './describe-on-brokers.js';
export { ExplorationError, type ExploredFaults, type ExploreOptions } from './explore.js';
export type { RespondOptions } from './handler-responses.js';
export { LeftoverError } from './leftovers.js';
export {
  asyncCallsMatchers,
  type AsyncCallsMatchers,
  type AsymmetricMatcher,
  type ExpectedFailure,
  type ExpectedMessage,
  type Times,
} from './matchers/index.js';
export type { MessageKind, SentMessage } from './sent-message.js';
export type { SentFilter } from './sent-messages.js';
export { TestFaults } from './test-faults.js';
export type { DelayMs, RefusalCode } from './faults.js';
export type { FakeTimers } from './virtual-time.js';
