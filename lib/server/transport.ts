/**
 * The transport id of this library. Nest hands a server only the handlers of its own transport; the symbol is
 * registered, so that two copies of the package in one process agree on it.
 */
export const ASYNC_CALLS_TRANSPORT = Symbol.for('nestjs-async-calls');
