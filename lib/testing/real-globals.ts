// Test runners replace the globals; what is needed to see the process at rest must stay real.
export const realSetImmediate = setImmediate;
export const realSetTimeout = setTimeout;
export const realQueueMicrotask = queueMicrotask;
export const realDate = Date;
