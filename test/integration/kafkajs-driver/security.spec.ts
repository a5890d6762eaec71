import { inspect } from 'node:util';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, type INestApplication, Injectable, type LoggerService } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsServer,
  AsyncEndpoint,
  AsyncEvent,
  AsyncResponse,
  type BrokerError,
  connectAsyncCalls,
  TerminalError,
} from 'nestjs-async-calls';
import { AsyncCallsHealthIndicator, AsyncCallsHealthModule } from 'nestjs-async-calls/health';
import { kafkajs, type KafkajsOptions } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom, toArray } from 'rxjs';
import { describeOnKafka, uniqueName, waitFor } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';
import { startService } from '../../support/services.js';
import { Client, reaches, receivesAll } from './client.js';
import { SECRETS, SecureKafka, tokenOf } from './secure-kafka.js';

jest.setTimeout(180_000);

const text = (value: string) => ({ key: null, value: Buffer.from(value), headers: [] });

describeOnKafka('kafkajs driver, on a broker with TLS, SASL and ACLs', () => {
  let kafka: SecureKafka;

  beforeAll(async () => {
    kafka = await SecureKafka.start();
  });

  afterAll(() => kafka?.cluster.stop());

  const clientOf = ({ brokers, ...options }: KafkajsOptions) =>
    new Client((brokers as string[]).join(','), options);

  describe('lets in', () => {
    it.each<[string, () => KafkajsOptions]>([
      ['a user by SCRAM-SHA-512', () => kafka.as('alice')],
      ['a user by SCRAM-SHA-256', () => kafka.as('alice', { mechanism: 'SCRAM-SHA-256' })],
      ['a user by PLAIN', () => kafka.as('alice', { mechanism: 'plain' })],
      [
        'a user whose password a function finds',
        () => kafka.as('alice', { password: async () => 'alice-secret' }),
      ],
      ['who bears a token', () => withToken(() => tokenOf('alice'))],
      ['who has a certificate', () => kafka.withCertificateOf('mary')],
    ])('%s', async (_, options) => {
      await using client = clientOf(options());
      await client.admin().ping();
      await expect(client.admin().describeTopics()).resolves.toEqual([]);
    });

    it('with options that nobody may change', async () => {
      const options = kafka.as('alice');
      await using client = clientOf({ ...options, sasl: Object.freeze({ ...options.sasl! }) });
      await client.admin().ping();
    });
  });

  describe('says at once what is wrong with', () => {
    it.each<[string, () => KafkajsOptions, string, RegExp]>([
      [
        'a password, for SCRAM',
        () => kafka.as('alice', { password: 'other-secret' }),
        'authentication-failed',
        /^127\.0\.0\.1:\d+: authentication failed: user "alice", mechanism SCRAM-SHA-512: .*invalid credentials.*; check sasl\.username and sasl\.password/,
      ],
      [
        'a password, for PLAIN',
        () => kafka.as('alice', { mechanism: 'plain', password: 'other-secret' }),
        'authentication-failed',
        /user "alice", mechanism PLAIN: .*Invalid username or password/,
      ],
      [
        'a user',
        () => kafka.as('alice', { username: 'nobody' }),
        'authentication-failed',
        /user "nobody", mechanism SCRAM-SHA-512/,
      ],
      [
        'a token that is none',
        () => withToken(() => 'a-secret'),
        'authentication-failed',
        /mechanism OAUTHBEARER: .*invalid_token.*; check the token that sasl\.oauthBearerProvider finds/,
      ],
      [
        'a token that has expired',
        () => withToken(() => tokenOf('alice', -100)),
        'authentication-failed',
        /mechanism OAUTHBEARER: .*invalid_token/,
      ],
      [
        'a function that finds no token',
        () => withToken(() => undefined as unknown as string),
        'invalid-argument',
        /the function sasl\.oauthBearerProvider has found no token: return \{ value/,
      ],
      [
        'a mechanism',
        () => ({ ...kafka.sasl, sasl: { mechanism: 'GSSAPI', authenticationProvider: silent } }),
        'invalid-argument',
        /does not have this sasl\.mechanism on this port; choose one of .*SCRAM-SHA-512/,
      ],
      [
        'a CA that is not known',
        () => ({ ...kafka.as('alice'), ssl: true }),
        'authentication-failed',
        /signed by an unknown CA \(self-signed certificate in certificate chain\); set ssl\.ca/,
      ],
      [
        'a host name',
        () => ({ ...kafka.as('alice'), brokers: [kafka.sasl.brokers[0].replace('127.0.0.1', 'localhost')] }),
        'authentication-failed',
        /^localhost:\d+: the broker’s certificate is for another host \(.*localhost.*\); use a name/,
      ],
      [
        'a client without TLS, on a port with it',
        () => ({ ...kafka.as('alice'), ssl: false }),
        'invalid-argument',
        /the broker speaks TLS on this port .*; set the option ssl/,
      ],
      [
        'a client without SASL, on a port with it',
        () => kafka.sasl,
        'invalid-argument',
        /asks for SASL on this port; set the option sasl, with one of the mechanisms .*SCRAM-SHA-512/,
      ],
      [
        'a client with SASL, on a port without it',
        () => ({ ...kafka.as('alice'), ...kafka.withCertificateOf('mary') }),
        'invalid-argument',
        /does not ask for SASL: leave the option sasl out/,
      ],
      [
        'a client without a certificate',
        () => kafka.tls,
        'authentication-failed',
        /wants a certificate of the client that it trusts \(ERR_SSL_\w+\); set ssl\.cert and ssl\.key/,
      ],
      [
        'a certificate that the broker does not trust',
        () => kafka.withCertificateOf('stranger'),
        'authentication-failed',
        /wants a certificate of the client that it trusts/,
      ],
      [
        'a version of TLS',
        () => ({
          ...kafka.as('alice'),
          ssl: { ...kafka.sasl.ssl, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
        }),
        'invalid-argument',
        /no version or cipher of TLS in common/,
      ],
    ])('%s', async (_, options, code, message) => {
      await using client = clientOf(options());
      const refusals = await Promise.all([
        client.admin().ping().catch(thrown),
        client.producer().connect().catch(thrown),
        client.member(uniqueName('group'), 'any').consumer.start().catch(thrown),
        client
          .reader()
          .consumer.assign([{ topic: 'any', partition: 0, start: 'latest' }])
          .catch(thrown),
      ]);
      for (const refusal of refusals) {
        expect(refusal).toMatchObject({ code, retriable: false, message: expect.stringMatching(message) });
        expect(inspect(refusal, { depth: null, showHidden: true })).not.toMatch(SECRETS);
      }
    });

    it('a client with TLS, on a port without it, which looks like a broker that goes down', async () => {
      await using client = clientOf({ ...kafka.sasl, ...kafka.plaintext });
      const advice = /disconnected before secure TLS connection.*; does this port speak TLS\?/;
      await expect(client.admin().ping()).rejects.toMatchObject({
        code: 'unavailable',
        retriable: true,
        message: expect.stringMatching(advice),
      });
    });
  });

  describe('says which ACL is missing', () => {
    it('to see, create, read and write a topic', async () => {
      await using admin = clientOf(kafka.as('admin'));
      await using alice = clientOf(kafka.as('alice'));
      const topic = uniqueName('topic');
      const spec = { topic, partitions: 1 };
      const reader = () => alice.reader().consumer.assign([{ topic, partition: 0, start: 'latest' }]);
      const member = () => alice.member(uniqueName('group'), topic).consumer.start();

      await expect(alice.admin().createTopics([spec])).rejects.toMatchObject(
        needs(`Describe on Topic ${topic}`),
      );
      await kafka.allow('alice', 'DESCRIBE', 'TOPIC', topic);
      await expect(alice.admin().createTopics([spec])).rejects.toMatchObject(
        needs(`Create on Topic ${topic}`),
      );
      await admin.admin().createTopics([spec]);
      await expect(reader()).rejects.toMatchObject(needs(`Read on Topic ${topic}`));
      await expect(member()).rejects.toMatchObject(needs(`Read on Topic ${topic}`));
      await expect(alice.producer().connect()).rejects.toMatchObject(needs('Write on some Topic'));

      const other = uniqueName('other');
      await kafka.allow('alice', 'WRITE', 'TOPIC', other);
      const [result] = await alice.producer().send([{ topic, partition: 0, ...text('a') }]);
      expect(result).toMatchObject(needs(`Write on Topic ${topic}`));
    });

    it('to take part in a group', async () => {
      await using admin = clientOf(kafka.as('admin'));
      await using alice = clientOf(kafka.as('alice'));
      const topic = await admin.topic(1);
      const groupId = uniqueName('group');
      await kafka.allow('alice', 'READ', 'TOPIC', topic);
      const member = alice.member(groupId, topic);
      await expect(member.consumer.start()).rejects.toMatchObject(needs(`Read on Group ${groupId}`));
      expect(member.states.at(-1)).toBe('failed');
      await expect(alice.admin().describeGroup(groupId)).rejects.toMatchObject(
        needs(`Read on Group ${groupId}`),
      );
      await expect(alice.admin().fetchCommitted(groupId, [topic])).rejects.toMatchObject(
        needs(`Read on Group ${groupId}`),
      );
    });

    it('that was taken away while it runs, and goes on when it is there again', async () => {
      await using admin = clientOf(kafka.as('admin'));
      await using alice = clientOf(kafka.as('alice'));
      const topic = await admin.topic(1);
      const groupId = uniqueName('group');
      await kafka.allow('alice', 'READ', 'TOPIC', topic);
      await kafka.allow('alice', 'READ', 'GROUP', groupId);
      const errors: (BrokerError | undefined)[] = [];
      const member = alice.member(groupId, topic, { onState: (_, error) => errors.push(error) });
      await member.consumer.start();
      await reaches(member, 'running');

      await kafka.forbid('alice', 'READ', 'TOPIC', topic);
      await reaches(member, 'unavailable');
      expect(errors.at(-1)?.message).toMatch(new RegExp(`needs (Read|Describe) on Topic ${topic}`));

      await kafka.allow('alice', 'READ', 'TOPIC', topic);
      await reaches(member, 'running');
      await sendAll(admin.producer(), [{ topic, partition: 0, ...text('a') }]);
      await receivesAll([member], ['a']);
    });
  });

  describe('a session that ends', () => {
    it('is renewed in time, with a new token, while records go on', async () => {
      const tokens: string[] = [];
      await using admin = clientOf(kafka.as('admin'));
      await using bearer = clientOf(
        withToken(() => {
          const token = tokenOf('admin');
          tokens.push(token);
          return token;
        }),
      );
      const topic = await admin.topic(1);
      const member = bearer.member(uniqueName('group'), topic);
      await member.consumer.start();
      const producer = bearer.producer();
      const before = tokens.length;
      const sent: string[] = [];
      // Five connections, each of which has a session of 10 s.
      while (tokens.length < before + 10) {
        sent.push(`${sent.length}`);
        await sendAll(producer, [{ topic, partition: 0, ...text(sent.at(-1)!) }]);
        await receivesAll([member], sent.slice(-1));
      }
      expect(member.values()).toEqual(sent);
      expect(member.states).not.toContain('unavailable');
    });

    it('is an outage if no token is found', async () => {
      let isDown = true;
      await using bearer = clientOf(
        withToken(() => {
          if (isDown) throw new Error('the token server is down');
          return tokenOf('admin');
        }),
      );
      const topic = uniqueName('topic');
      await using admin = clientOf(kafka.as('admin'));
      await admin.admin().createTopics([{ topic, partitions: 1 }]);
      const errors: (BrokerError | undefined)[] = [];
      const member = bearer.member(uniqueName('group'), topic, { onState: (_, error) => errors.push(error) });
      const started = member.consumer.start();
      await reaches(member, 'unavailable');
      expect(errors.at(-1)).toMatchObject({
        code: 'unavailable',
        message: 'the function sasl.oauthBearerProvider has failed: the token server is down',
      });
      isDown = false;
      await started;
      await reaches(member, 'running');
    });
  });

  describe('a service', () => {
    it('does not start with a wrong password, and tells all but that', async () => {
      const log: string[] = [];
      const configure = (app: INestApplication) => app.useLogger(loggerTo(log));
      const broker = kafkajs(kafka.as('alice', { password: 'other-secret' }));
      const { app, client } = await startService({
        broker,
        controllers: [Counter],
        serves: false,
        configure,
      });
      const refusal = {
        code: 'authentication-failed',
        message: expect.stringContaining('user "alice", mechanism SCRAM-SHA-512'),
      };
      const states = statesOf(app);
      const errors: BrokerError[] = [];
      client.on('error', (error) => errors.push(error));

      await expect(client.connect()).rejects.toMatchObject(refusal);
      await expect(lastValueFrom(client.send('any/thing', 1))).rejects.toMatchObject(refusal);
      connectAsyncCalls(app);
      await expect(app.startAllMicroservices()).rejects.toMatchObject(refusal);

      expect(states.client.at(-1)).toBe('failed');
      expect(states.server.at(-1)).toBe('failed');
      expect(errors.at(-1)).toMatchObject(refusal);
      expect(log.join('\n')).toContain('user "alice"');
      expect(log.join('\n')).not.toMatch(SECRETS);
    });

    it.each<[string, () => KafkajsOptions, string]>([
      [
        'a wrong password',
        () => kafka.as('alice', { password: 'other-secret' }),
        'authentication failed: user "alice", mechanism SCRAM-SHA-512',
      ],
      ['an unknown CA', () => ({ ...kafka.as('alice'), ssl: true }), 'signed by an unknown CA'],
      ['a missing ACL', () => kafka.as('alice'), 'needs Describe on Topic'],
    ])('says by its probes that it is not ready, and why: %s', async (_, options, cause) => {
      const { app } = await startService({
        broker: kafkajs(options()),
        controllers: [Counter],
        serves: false,
        imports: [AsyncCallsHealthModule.forRoot({})],
      });
      const probes = app.get(AsyncCallsHealthIndicator, { strict: false });
      connectAsyncCalls(app);
      await expect(app.startAllMicroservices()).rejects.toThrow(cause);

      const why = { why: expect.stringContaining(cause) };
      const down = { kafka: { status: 'down', reasons: [expect.objectContaining(why)] } };
      expect(await probes.isReady('kafka')).toMatchObject(down);
      expect(await probes.isStarted('kafka')).toMatchObject(down);
      // It will not start any more, but a new process may.
      expect(await probes.isLive('kafka')).toMatchObject(down);
    });

    it('that only calls says the same when it is refused, and begins anew by itself', async () => {
      let password = 'other-secret';
      const { app, client } = await startService({
        broker: kafkajs(kafka.as('admin', { password: () => password })),
        imports: [AsyncCallsHealthModule.forRoot({})],
        serves: false,
      });
      const probes = app.get(AsyncCallsHealthIndicator, { strict: false });
      const isReady = async () => (await probes.isReady('kafka'))['kafka'];
      expect(await isReady()).toMatchObject({ status: 'up' });
      await expect(client.connect()).rejects.toMatchObject({ code: 'authentication-failed' });

      const why = { why: expect.stringContaining('user "admin", mechanism SCRAM-SHA-512') };
      expect(await isReady()).toMatchObject({ status: 'down', reasons: [expect.objectContaining(why)] });

      password = 'admin-secret';
      await waitFor(async () => (await isReady()).status === 'up', { what: 'it to be ready' });
    });

    it('goes on by itself when a password that was changed is known to it', async () => {
      const log: string[] = [];
      const configure = (app: INestApplication) => app.useLogger(loggerTo(log));
      let password = 'admin-secret';
      const broker = kafkajs(kafka.as('admin', { password: () => password }));
      const imports = [AsyncCallsHealthModule.forRoot({})];
      const shop = await startService({ broker, controllers: [Counter], configure, imports });
      const web = await startService({ broker, configure });
      const probes = shop.app.get(AsyncCallsHealthIndicator, { strict: false });
      const states = { ...statesOf(shop.app), client: statesOf(web.app).client };
      const errors: BrokerError[] = [];
      web.client.on('error', (error) => errors.push(error));
      const call = (count: number) =>
        lastValueFrom(
          web.client.to(`${shop.name}/count`, { timeoutMs: 120_000 }).send<number>(count).pipe(toArray()),
        );
      expect(await call(2)).toEqual([1, 2]);

      await kafka.setPassword('admin', 'changed-secret');
      await kafka.cluster.killNode(1);
      const meanwhile = call(3);
      await kafka.cluster.startNode(1);
      const isRefused = ({ code }: BrokerError) => code === 'authentication-failed';
      await waitFor(() => errors.some(isRefused), { what: 'the client to be refused', timeoutMs: 60_000 });
      await waitFor(() => log.some((line) => /^WARN .*user "admin".*AsyncCallsServer/.test(line)), {
        what: 'the server to be refused',
        timeoutMs: 60_000,
      });
      expect([states.client.at(-1), states.server.at(-1)]).toEqual(['unavailable', 'unavailable']);
      expect(errors.find(isRefused)?.message).toContain('user "admin", mechanism SCRAM-SHA-512');
      // Readiness names the cause; a restart would not mend it.
      const refused = { why: expect.stringContaining('user "admin", mechanism SCRAM-SHA-512') };
      expect(await probes.isReady('kafka')).toMatchObject({
        kafka: { status: 'down', reasons: expect.arrayContaining([expect.objectContaining(refused)]) },
      });
      expect(await probes.isLive('kafka')).toMatchObject({ kafka: { status: 'up' } });

      password = 'changed-secret';
      expect(await meanwhile).toEqual([1, 2, 3]);
      await waitFor(() => states.client.at(-1) === 'running' && states.server.at(-1) === 'running', {
        what: 'both to run again',
        timeoutMs: 60_000,
      });
      expect(log.join('\n')).not.toMatch(/cannot be kept|has failed for good/);
      expect(log.join('\n')).not.toMatch(SECRETS);
    });
  });

  describe('with the rights that the documentation says', () => {
    beforeAll(async () => {
      for (const command of await documentedAcls()) await kafka.cluster.tool('kafka-acls', command);
    });

    const startShop = () =>
      startService({ service: 'shop', broker: kafkajs(kafka.as('shop')), controllers: [Counter] });

    const startWeb = (handlers: OrderHandlers, serves = true) => {
      const providers = [{ provide: OrderHandlers, useValue: handlers }];
      const broker = kafkajs(kafka.as('web'));
      return startService({ service: 'web', broker, controllers: [Orders], providers, serves });
    };

    it('services call, publish, subscribe, handle responses and keep dead letters', async () => {
      const handlers = new OrderHandlers();
      const [shop, web] = await Promise.all([startShop(), startWeb(handlers)]);
      await shop.client.connect();

      expect(await lastValueFrom(web.client.send<number>('shop/count', 2).pipe(toArray()))).toEqual([1, 2]);
      await lastValueFrom(web.client.emit('shop/fail', 'dead'));
      await lastValueFrom(shop.client.publish('orders', { id: 7 }));
      await lastValueFrom(web.client.to('shop/count', { responses: 'handlers' }).emit(1));
      await waitFor(() => handlers.seen.length >= 3, { what: 'events and responses' });
      expect(handlers.seen).toEqual(expect.arrayContaining(['taken', 'audited', 'answered']));
      const server = shop.app.get(AsyncCallsServer);
      await waitFor(() => server.counts.deadLettered === 1, { what: 'the dead letter' });
    });

    it.each<['READ' | 'WRITE', 'TOPIC' | 'GROUP', string]>([
      ['READ', 'TOPIC', 'web.requests'],
      ['READ', 'TOPIC', 'web.responses'],
      ['READ', 'TOPIC', 'orders'],
      ['READ', 'GROUP', 'web'],
      ['READ', 'GROUP', 'web.audit'],
      ['WRITE', 'TOPIC', 'web.dead-letters'],
    ])('but not without %s on the %s %s, which is said at the start', async (...acl) => {
      await kafka.forbid('web', ...acl);
      const { app } = await startWeb(new OrderHandlers(), false);
      const { server: states } = statesOf(app);
      connectAsyncCalls(app);
      await expect(app.startAllMicroservices()).rejects.toMatchObject({
        code: 'authorization-failed',
        message: expect.stringContaining(acl[2]),
      });
      expect(states.at(-1)).toBe('failed');
      await kafka.allow('web', ...acl);
    });

    it('but no call is made without a right to it, which is said at once', async () => {
      const { client } = await startWeb(new OrderHandlers(), false);
      const call = () => lastValueFrom(client.send('shop/count', 1));
      await kafka.forbid('web', 'READ', 'TOPIC', 'web.replies');
      await expect(client.connect()).rejects.toMatchObject(needs('Describe on Topic web.replies'));
      await kafka.allow('web', 'DESCRIBE', 'TOPIC', 'web.replies');
      await expect(client.connect()).rejects.toMatchObject(needs('Read on Topic web.replies'));
      await kafka.allow('web', 'READ', 'TOPIC', 'web.replies');
      await client.connect();
      await kafka.forbid('web', 'WRITE', 'TOPIC', 'shop.requests');
      await expect(call()).rejects.toMatchObject(needs('Describe on Topic shop.requests'));
      await kafka.allow('web', 'DESCRIBE', 'TOPIC', 'shop.requests');
      await expect(call()).rejects.toMatchObject(needs('Write on Topic shop.requests'));
    });
  });

  function withToken(find: () => string): KafkajsOptions {
    return {
      ...kafka.sasl,
      sasl: { mechanism: 'oauthbearer', oauthBearerProvider: () => ({ value: find() }) },
    };
  }
});

@Controller()
class Counter {
  @AsyncEndpoint('/count')
  async *count(@Payload() count: number) {
    for (let value = 1; value <= count; value += 1) yield value;
  }

  @AsyncEndpoint('/fail')
  fail() {
    throw new TerminalError('not today');
  }
}

@Injectable()
class OrderHandlers {
  readonly seen: string[] = [];
}

@Controller()
class Orders {
  constructor(private readonly handlers: OrderHandlers) {}

  @AsyncEvent('orders')
  take() {
    this.handlers.seen.push('taken');
  }

  @AsyncEvent('orders', { group: 'audit' })
  audit() {
    this.handlers.seen.push('audited');
  }

  @AsyncResponse('shop', '/count')
  answered() {
    this.handlers.seen.push('answered');
  }
}

const silent = () => ({ authenticate: () => Promise.resolve() });

function thrown(error: unknown): unknown {
  return error;
}

function needs(acl: string) {
  return { code: 'authorization-failed', message: expect.stringContaining(`needs ${acl}`) };
}

/** What the server and the client of an application have been, from now on. */
function statesOf(app: INestApplication): { readonly server: string[]; readonly client: string[] } {
  const server: string[] = [];
  const client: string[] = [];
  app.get(AsyncCallsServer).status.subscribe((state) => server.push(state));
  app.get(AsyncCallsClient).status.subscribe((state) => client.push(state));
  return { server, client };
}

function loggerTo(log: string[]): LoggerService {
  const write =
    (level: string) =>
    (...parts: unknown[]) =>
      log.push([level, ...parts.map((part) => inspect(part, { depth: null, showHidden: true }))].join(' '));
  return { log: write('LOG'), warn: write('WARN'), error: write('ERROR'), debug: write('DEBUG') };
}

/** The arguments of each `kafka-acls` of the documentation. */
async function documentedAcls(): Promise<string[][]> {
  const document = await readFile('docs/security.md', 'utf8');
  const commands = document.split('\n').filter((line) => line.startsWith('$acls '));
  expect(commands.length).toBeGreaterThan(5);
  return commands.map((command) => command.replace('$acls', '--add').split(' '));
}
