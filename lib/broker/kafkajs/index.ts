export { kafkajs, type KafkajsOptions } from './driver.js';
