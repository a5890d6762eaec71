export { EventStream } from './event-stream.decorator.js';
export type { EventStreamOptions } from './event-stream-options.js';
export { ServerSentEvent, type ServerSentEventOptions } from './server-sent-event.js';
export { AsyncCallErrorFilter } from './async-call-error.filter.js';
export { one, sse } from './call-results.js';
export { BodyFromUrl } from './body-from-url.decorator.js';
export { HttpGatewayModule, type HttpGatewayOptions } from './http-gateway.module.js';
export type { HttpRoute, RoutedCall, RoutedRequest } from './http-route.js';
