import { setTimeout as sleep } from 'node:timers/promises';
import type { AuthenticationProviderArgs, Mechanism, SASLOptions } from 'kafkajs';
import createPlain from 'kafkajs/src/broker/saslAuthenticator/plain.js';
import createScram256 from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
import createScram512 from 'kafkajs/src/broker/saslAuthenticator/scram512.js';
import { messageOf } from '../../../errors/async-call-error.js';
import { BrokerError } from '../../broker-error.js';
import { presentToken } from './oauth-bearer.js';
import {
  isPasswordLogin,
  isTokenLogin,
  mechanismOf,
  type OAuthBearerToken,
  type PasswordLogin,
  type SaslOptions,
  type TokenLogin,
} from './sasl-options.js';

/** kafkajs's default of the option `authenticationTimeout`, which it does not heed here. */
const DEFAULT_TIMEOUT_MS = 10_000;

const PASSWORD_PROVIDERS: Readonly<Record<string, KafkajsProvider>> = {
  PLAIN: createPlain,
  'SCRAM-SHA-256': createScram256,
  'SCRAM-SHA-512': createScram512,
};

type KafkajsProvider = (login: {
  readonly username: string;
  readonly password: string;
}) => Mechanism['authenticationProvider'];

/** A way to log in: who it is, what to check when it is refused, and what it says to the broker. */
interface Login {
  readonly who: string;
  readonly advice: string;
  /** Prepares itself, then talks to the broker. */
  readonly prepare: () => Promise<(args: AuthenticationProviderArgs) => Promise<void>>;
}

/**
 * What kafkajs is given for the option `sasl`. Its errors are {@link BrokerError}s that name the user and the mechanism,
 * never a password or token: `authentication-failed` if the broker refuses them, `unavailable` if it was not reached or
 * the function of the options has failed.
 */
export function kafkajsSasl(sasl: SaslOptions, timeoutMs = DEFAULT_TIMEOUT_MS): Mechanism | SASLOptions {
  const login = loginOf(sasl, timeoutMs);
  // A copy: kafkajs adds to it.
  if (login === undefined) return { ...sasl } as Mechanism;
  const authenticationProvider: Mechanism['authenticationProvider'] = (args) => ({
    authenticate: () => authenticate(login, args),
  });
  return { mechanism: mechanismOf(sasl), authenticationProvider };
}

function loginOf(sasl: SaslOptions, timeoutMs: number): Login | undefined {
  if (isPasswordLogin(sasl)) return passwordLogin(sasl, timeoutMs);
  return isTokenLogin(sasl) ? tokenLogin(sasl, timeoutMs) : undefined;
}

function passwordLogin(sasl: PasswordLogin, timeoutMs: number): Login {
  const { username, password } = sasl;
  const mechanism = mechanismOf(sasl);
  return {
    who: `user "${username}", mechanism ${mechanism}`,
    advice: 'check sasl.username and sasl.password, and that the broker knows this user by this mechanism',
    prepare: async () => {
      const found =
        typeof password === 'string' ? password : await asked('sasl.password', password, timeoutMs);
      if (typeof found !== 'string' || found === '') throw nothingFound('sasl.password', 'no password');
      const provider = PASSWORD_PROVIDERS[mechanism]({ username, password: found });
      return (args) => provider(args).authenticate();
    },
  };
}

function tokenLogin({ oauthBearerProvider }: TokenLogin, timeoutMs: number): Login {
  const option = 'sasl.oauthBearerProvider';
  return {
    who: 'mechanism OAUTHBEARER',
    advice: `check the token that ${option} finds: its audience, its scope, and whether it has expired`,
    prepare: async () => {
      const token: Partial<OAuthBearerToken> | undefined = await asked(
        option,
        oauthBearerProvider,
        timeoutMs,
      );
      const { value, extensions } = token ?? {};
      if (typeof value !== 'string' || value === '')
        throw nothingFound(option, 'no token: return { value: "…" }');
      return ({ saslAuthenticate }) => presentToken({ value, extensions }, saslAuthenticate);
    },
  };
}

async function authenticate(
  { who, advice, prepare }: Login,
  args: AuthenticationProviderArgs,
): Promise<void> {
  const say = await prepare();
  let interruption: Error | undefined;
  // kafkajs makes a refusal of whatever goes wrong while it authenticates, a broker that goes away included.
  const saslAuthenticate: AuthenticationProviderArgs['saslAuthenticate'] = async (exchange) => {
    try {
      return await args.saslAuthenticate(exchange);
    } catch (error) {
      if (isInterruption(error)) interruption = error;
      throw error;
    }
  };
  try {
    await say({ ...args, saslAuthenticate });
  } catch (error) {
    if (interruption !== undefined) throw interruption;
    const reason = messageOf(error).replace(/^SASL .*? failed: /, '');
    throw new BrokerError(
      'authentication-failed',
      `${args.host}:${args.port}: authentication failed: ${who}: ${reason}; ${advice}`,
      { cause: error },
    );
  }
}

/** Whether the broker was lost on the way, or this client was closed. */
function isInterruption(error: unknown): error is Error {
  return error instanceof Error && /^(BrokerError|KafkaJS(Connection|RequestTimeout)\w*)$/.test(error.name);
}

/** Calls a function of the options, which may be anybody's, and may hang. */
async function asked<T>(option: string, find: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const inTime = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: inTime.signal }).then(() => {
    throw new Error(`it has not answered within ${timeoutMs} ms (option authenticationTimeout)`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([Promise.resolve().then(find), late]);
  } catch (error) {
    const message = `the function ${option} has failed: ${messageOf(error)}`;
    throw new BrokerError('unavailable', message, { retriable: true, cause: error });
  } finally {
    inTime.abort();
  }
}

function nothingFound(option: string, what: string): BrokerError {
  return new BrokerError('invalid-argument', `the function ${option} has found ${what}`);
}
