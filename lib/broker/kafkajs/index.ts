export { kafkajs } from './driver.js';
export type { KafkajsOptions } from './options.js';
