import { inspect } from 'node:util';
import type { Mechanism, SASLOptions } from 'kafkajs';

/** A token of OAUTHBEARER. */
export interface OAuthBearerToken {
  /** As it is sent, e.g. a JWT. */
  readonly value: string;
  /** SASL extensions (RFC 7628), for brokers that ask for some. */
  readonly extensions?: Readonly<Record<string, string>>;
}

/** A user's name and password. */
export interface PasswordLogin {
  readonly mechanism: PasswordMechanism | Uppercase<PasswordMechanism>;
  readonly username: string;
  /** The password, or what finds it: asked for each connection that is made, so that it may change. */
  readonly password: string | (() => string | Promise<string>);
}

/** A token instead of a password. */
export interface TokenLogin {
  readonly mechanism: 'oauthbearer' | 'OAUTHBEARER';
  /**
   * Finds the token. It is asked for each connection that is made, and again before the broker ends a session: keep a
   * token for as long as it is good.
   */
  readonly oauthBearerProvider: () => OAuthBearerToken | Promise<OAuthBearerToken>;
}

type PasswordMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** How the client says who it is: by a password, a token, or a mechanism of kafkajs's or your own. */
export type SaslOptions = PasswordLogin | TokenLogin | Extract<SASLOptions, { mechanism: 'aws' }> | Mechanism;

const PASSWORD_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const TOKEN_MECHANISM = 'OAUTHBEARER';
/** kafkajs's own, whose options it checks itself. */
const AWS = 'AWS';

const EXAMPLE = "write sasl: { mechanism: 'scram-sha-512', username: 'me', password: '…' }";

/** The mechanism as brokers name it. */
export function mechanismOf({ mechanism }: { readonly mechanism: string }): string {
  return mechanism.toUpperCase();
}

/** Whether it is a name and a password. */
export function isPasswordLogin(sasl: SaslOptions): sasl is PasswordLogin {
  return PASSWORD_MECHANISMS.includes(mechanismOf(sasl)) && !isCustom(sasl);
}

/** Whether it is a token. */
export function isTokenLogin(sasl: SaslOptions): sasl is TokenLogin {
  return mechanismOf(sasl) === TOKEN_MECHANISM && !isCustom(sasl);
}

/** What is wrong with the option `sasl`. No value is shown that may be a secret. */
export function saslFaults(sasl: unknown): string[] {
  if (sasl === undefined) return [];
  if (typeof sasl !== 'object' || sasl === null || Array.isArray(sasl))
    return [`sasl: it is not an object: ${EXAMPLE}`];
  const { mechanism, ...login } = sasl as Record<string, unknown>;
  if (typeof mechanism !== 'string' || mechanism === '') return [`sasl.mechanism: it is missing: ${EXAMPLE}`];
  const name = mechanism.toUpperCase();
  if (name === AWS || isCustom(login)) return [];
  if (PASSWORD_MECHANISMS.includes(name)) return passwordFaults(login);
  if (name === TOKEN_MECHANISM) return tokenFaults(login);
  const known = [...PASSWORD_MECHANISMS, TOKEN_MECHANISM].map((each) => each.toLowerCase()).join(', ');
  return [
    `sasl.mechanism: ${inspect(mechanism)} is not one of ${known}: choose one of them, or add an authenticationProvider of your own`,
  ];
}

function passwordFaults({ username, password }: Record<string, unknown>): string[] {
  const faults: string[] = [];
  if (!isText(username))
    faults.push(`sasl.username: it is ${missingOr(username, 'a string')}: write username: 'me'`);
  if (!isText(password) && typeof password !== 'function')
    faults.push(
      `sasl.password: it is ${missingOr(password, 'a string or a function')}: write password: '…', or a function that finds it`,
    );
  return faults;
}

function tokenFaults({ oauthBearerProvider }: Record<string, unknown>): string[] {
  if (typeof oauthBearerProvider === 'function') return [];
  const what = missingOr(oauthBearerProvider, 'a function');
  return [`sasl.oauthBearerProvider: it is ${what}: write async () => ({ value: await findToken() })`];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function missingOr(value: unknown, kind: string): string {
  if (value === undefined || value === null) return 'missing';
  return value === '' ? 'empty' : `not ${kind}`;
}

function isCustom(sasl: object): sasl is Mechanism {
  return typeof (sasl as Partial<Mechanism>).authenticationProvider === 'function';
}
