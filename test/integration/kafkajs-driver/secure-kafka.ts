import kafkajs, { type Admin } from 'kafkajs';
import type { KafkajsOptions, SaslOptions } from '../../../lib/broker/kafkajs/index.js';
import { type Cluster, startCluster } from '../../../tools/kafka/cluster.mjs';
import { waitFor } from '../../support/kafka.js';

/** Users of the secure cluster and their passwords. Nobody but admin may do anything, until an ACL says so. */
export const USERS = {
  admin: 'admin-secret',
  alice: 'alice-secret',
  shop: 'shop-secret',
  web: 'web-secret',
} as const;

export type User = keyof typeof USERS;

/** Whatever stands in a text that must not. */
export const SECRETS = /-secret|changeit|BEGIN/;

/** A broker that speaks TLS and SASL and has ACLs, and the options to reach it. */
export class SecureKafka {
  private constructor(readonly cluster: Cluster) {}

  static async start(): Promise<SecureKafka> {
    return new SecureKafka(
      await startCluster({
        security: { users: USERS, admins: ['admin'] },
        properties: {
          'broker.session.timeout.ms': '2000',
          // Sessions of tokens are short.
          'listener.name.sasl_ssl.oauthbearer.connections.max.reauth.ms': '10000',
        },
      }),
    );
  }

  /** The port with TLS and SASL. */
  get sasl(): { brokers: string[]; ssl: { ca: string } } {
    return { brokers: this.cluster.saslBootstrap.split(','), ssl: { ca: this.ca } };
  }

  /** The port with TLS that wants a client to have a certificate. */
  get tls(): { brokers: string[]; ssl: { ca: string } } {
    return { brokers: this.cluster.tlsBootstrap.split(','), ssl: { ca: this.ca } };
  }

  /** The port without TLS, where there are no ACLs. */
  get plaintext(): { brokers: string[] } {
    return { brokers: this.cluster.bootstrap.split(',') };
  }

  /** What a user logs in with. */
  as(name: User, login: Partial<SaslOptions> = {}): KafkajsOptions {
    const sasl = { mechanism: 'scram-sha-512', username: name, password: USERS[name], ...login };
    return { ...this.sasl, sasl: sasl as SaslOptions };
  }

  /** What somebody with a certificate is known by: `stranger` has one that the broker does not trust. */
  withCertificateOf(name: 'mary' | 'stranger'): KafkajsOptions {
    return { ...this.tls, ssl: { ca: this.ca, ...this.cluster.security?.clients[name] } };
  }

  /** Gives a user a right; resolves when the broker heeds it. */
  allow(name: User, operation: Operation, kind: Kind, resourceName: string): Promise<void> {
    const acl = aclOf(name, operation, kind, resourceName);
    return this.administer(async (admin) => {
      await admin.createAcls({ acl: [acl] });
      await waitFor(() => isThere(admin, acl), { what: 'the ACL to be there' });
    });
  }

  /** Takes it away. */
  forbid(name: User, operation: Operation, kind: Kind, resourceName: string): Promise<void> {
    const acl = aclOf(name, operation, kind, resourceName);
    return this.administer(async (admin) => {
      await admin.deleteAcls({ filters: [acl] });
      await waitFor(async () => !(await isThere(admin, acl)), { what: 'the ACL to be gone' });
    });
  }

  /** Changes the password of a user, for SCRAM-SHA-512. */
  async setPassword(name: User, password: string): Promise<void> {
    const config = `SCRAM-SHA-512=[iterations=4096,password=${password}]`;
    const entity = ['--entity-type', 'users', '--entity-name', name];
    await this.cluster.tool('kafka-configs', ['--alter', '--add-config', config, ...entity]);
  }

  private get ca(): string {
    return this.cluster.security?.ca ?? '';
  }

  private async administer(work: (admin: Admin) => Promise<unknown>): Promise<void> {
    const admin = new kafkajs.Kafka({ ...this.plaintext, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await work(admin);
    } finally {
      await admin.disconnect();
    }
  }
}

type Operation = 'READ' | 'WRITE' | 'CREATE' | 'DESCRIBE';
type Kind = 'TOPIC' | 'GROUP';

/** As the broker itself sees it, which learns from its controller a moment later. */
async function isThere(admin: Admin, acl: ReturnType<typeof aclOf>): Promise<boolean> {
  return (await admin.describeAcls(acl)).resources.length > 0;
}

function aclOf(name: User, operation: Operation, kind: Kind, resourceName: string) {
  return {
    principal: `User:${name}`,
    host: '*',
    operation: kafkajs.AclOperationTypes[operation],
    permissionType: kafkajs.AclPermissionTypes.ALLOW,
    resourceType: kafkajs.AclResourceTypes[kind],
    resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
    resourceName,
  };
}

/** A token without a signature, as Kafka takes it when it is told to: `sub` is who bears it. */
export function tokenOf(sub: string, livesForS = 60): string {
  const now = Math.floor(Date.now() / 1_000);
  const parts = [{ alg: 'none' }, { sub, iat: now, exp: now + livesForS }];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
}
