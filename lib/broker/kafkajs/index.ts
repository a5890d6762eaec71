export { kafkajs } from './driver.js';
export type { KafkajsOptions } from './options.js';
export type { OAuthBearerToken, PasswordLogin, SaslOptions, TokenLogin } from './security/sasl-options.js';
