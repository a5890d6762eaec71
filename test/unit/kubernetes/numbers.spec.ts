// The manifests of the sample against the service that they run: what has to agree agrees.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { CLOSE_GRACE_MS as CLIENT_CLOSE_MS } from '../../../lib/client/caller.js';
import { resolveHealthOptions } from '../../../lib/health/resolve-health-options.js';
import { resolvePaths } from '../../../lib/health/probe-paths.js';
import { resolveOptions } from '../../../lib/module/resolve-options.js';
import { SYSTEM_SURROUNDINGS } from '../../../lib/module/surroundings.js';
import { CLOSE_GRACE_MS as SERVER_CLOSE_MS } from '../../../lib/server/running-service.js';
import { readSettings } from '../../../sample/10-kubernetes/src/environment.js';
import { BOOKING_MS } from '../../../sample/10-kubernetes/src/ledger.js';
import {
  asyncCallsOptions,
  healthOptions,
  MAX_PAYMENTS,
  POOL_SIZE,
} from '../../../sample/10-kubernetes/src/options.js';
import { container, environmentOfPod, manifestFiles, manifestOf } from '../../support/manifests.js';

interface VolumeMount {
  readonly name: string;
  readonly readOnly?: boolean;
}

const MIB = 1_048_576;
/** What is left for the end of the process itself. */
const EXIT_MS = 10_000;
/** What a rebalance takes beside the drain: twice the others hear of it with a heartbeat, after 3 s at most. */
const REBALANCE_MS = 10_000;
/** What Node.js needs beside its heap: code, stacks, Buffers of records that are on their way. */
const BESIDE_HEAP = 128 * MIB;

const folder = mkdtempSync(join(tmpdir(), 'async-calls-k8s-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { spec } = manifestOf('Deployment');
const pod = spec.template.spec;
const { stringData } = manifestOf('Secret');
const environment = environmentOfPod('payments-5d4c9-x2x7k');
const secretVolume = pod.volumes.find((volume: object) => 'secret' in volume);
const secretMount = container().volumeMounts.find(({ name }: VolumeMount) => name === secretVolume.name);
const { server, client } = resolveOptions(asyncCallsOptions(settings()), SYSTEM_SURROUNDINGS);
const health = resolveHealthOptions(healthOptions(settings()));
const [trigger] = manifestOf('ScaledObject').spec.triggers;
const readme = readFileSync(new URL('../../../sample/10-kubernetes/README.md', import.meta.url), 'utf8');

describe('the environment of the pod', () => {
  it('has each variable that the service reads, and no other', () => {
    const read = new Set<string>();
    const env = new Proxy(readableEnvironment(), {
      get: (target, name: string) => {
        read.add(name);
        return target[name];
      },
    });
    readSettings(env);

    // The one is for Node, the other has a default.
    const known = [...read].filter((name) => name !== 'PROBE_HOST');
    expect([...known, 'NODE_OPTIONS'].sort()).toEqual(Object.keys(environment).sort());
  });

  it('makes connections with TLS and a password', () => {
    expect(settings()).toEqual({
      instance: 'payments-5d4c9-x2x7k',
      broker: {
        brokers: [environment['KAFKA_BROKERS']],
        ssl: { ca: Buffer.from(stringData['ca.crt']) },
        sasl: {
          mechanism: 'scram-sha-512',
          username: stringData.username,
          password: expect.any(Function),
        },
      },
      probes: { port: 8081 },
    });
  });

  it('makes each connection with the password that is in the file then', async () => {
    const env = readableEnvironment();
    const { sasl } = readSettings(env).broker;
    const password = (sasl as { password: () => Promise<string> }).password;
    expect(await password()).toBe(stringData.password);

    writeFileSync(env['KAFKA_PASSWORD_FILE'], 'changed\n');
    expect(await password()).toBe('changed');
  });

  it.each(['KAFKA_CA_FILE', 'KAFKA_PASSWORD_FILE'])('is refused where %s cannot be read', (name) => {
    expect(() => readSettings({ ...readableEnvironment(), [name]: join(folder, 'nowhere') })).toThrow(
      /ENOENT.*nowhere/,
    );
  });

  it('names the files of the Secret where they are mounted', () => {
    expect(secretVolume.secret.secretName).toBe(manifestOf('Secret').metadata.name);
    expect(stringData[secretAt('KAFKA_CA_FILE')]).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(secretAt('KAFKA_PASSWORD_FILE')).toBe('password');
  });

  it('lets nobody but the service read them, and nobody change them', () => {
    expect(secretMount).toMatchObject({ readOnly: true });
    // A file that is mounted alone is never brought up to date.
    expect(secretMount.subPath).toBeUndefined();
    expect(secretVolume.secret.defaultMode.toString(8)).toBe('440');
    expect(pod.securityContext.fsGroup).toBe(pod.securityContext.runAsGroup);
  });

  it.each(Object.keys(readableEnvironment()).filter((name) => name !== 'NODE_OPTIONS'))(
    'is refused without %s',
    (name) => {
      const { [name]: _, ...others } = readableEnvironment();
      expect(() => readSettings(others)).toThrow(`${name} is not set`);
    },
  );
});

describe('the probes', () => {
  it.each([
    ['startupProbe', 'startupz'],
    ['livenessProbe', 'livez'],
    ['readinessProbe', 'readyz'],
  ] as const)('%s asks where the service answers', (probe, name) => {
    const { path, port } = container()[probe].httpGet;
    const [{ name: portName, containerPort }] = container().ports;
    expect(path).toBe(`/${resolvePaths().get(name)}`);
    expect(port).toBe(portName);
    expect(containerPort).toBe(health.server?.port);
  });

  it('take a pod that does not live for lost when Kafka does', () => {
    const { periodSeconds, failureThreshold } = container().livenessProbe;
    expect(1_000 * periodSeconds * failureThreshold).toBe(server.delivery.sessionTimeoutMs);
  });

  it('give the start the time that liveness gives a service to join its group, and that a rebalance may take', () => {
    const { periodSeconds, failureThreshold } = container().startupProbe;
    const startMs = 1_000 * periodSeconds * failureThreshold;
    expect(startMs).toBe(health.livez.maxRejoinMs);
    expect(startMs).toBeGreaterThan(server.delivery.rebalanceTimeoutMs);
    expect(1_000 * (spec.progressDeadlineSeconds - spec.minReadySeconds)).toBeGreaterThan(startMs);
  });

  it('let the old owners drain what goes to a new pod before the next one comes', () => {
    expect(1_000 * spec.minReadySeconds).toBe(server.delivery.drainTimeoutMs + REBALANCE_MS);
  });

  it('are answered before the next one', () => {
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { timeoutSeconds, periodSeconds } = container()[probe];
      expect(timeoutSeconds).toBeLessThan(periodSeconds);
    }
  });
});

describe('the end of a pod', () => {
  it('is granted the sum of what it may take', () => {
    const { drainTimeoutMs } = server.delivery;
    const sum = health.drainDelayMs + drainTimeoutMs + SERVER_CLOSE_MS + CLIENT_CLOSE_MS;
    expect(1_000 * pod.terminationGracePeriodSeconds).toBe(sum + EXIT_MS);
    // Nothing is routed to the pod, so there is nothing to wait for before that.
    expect(container().lifecycle).toBeUndefined();
    expect(health.drainDelayMs).toBe(0);
  });

  it('is sooner where the pod does not live: a request of all payments may end, and both sides disconnect', () => {
    const { terminationGracePeriodSeconds } = container().livenessProbe;
    const sum = MAX_PAYMENTS * BOOKING_MS + SERVER_CLOSE_MS + CLIENT_CLOSE_MS;
    expect(1_000 * terminationGracePeriodSeconds).toBe(sum);
    expect(terminationGracePeriodSeconds).toBeLessThan(pod.terminationGracePeriodSeconds);
  });

  it('is later where the pod serves HTTP, too: by what load balancers need, and by what a call may take', () => {
    const [, drainDelayMs = '', callS = '', sumS = ''] =
      /`drainDelayMs: ([\d_]+)`[\s\S]*?(\d+) s[^.]*`calls\.timeoutMs`[^.]*\. The sum is (\d+) s then/.exec(
        readme,
      ) ?? [];
    expect(1_000 * Number(callS)).toBe(client.timeoutMs);
    expect(Number(sumS)).toBe(
      pod.terminationGracePeriodSeconds + Number(drainDelayMs.replace('_', '')) / 1_000 + Number(callS),
    );
  });

  it('lets the longest request end', () => {
    expect(2 * MAX_PAYMENTS * BOOKING_MS).toBe(server.delivery.drainTimeoutMs);
    expect(server.maxHandlerMs).toBe(server.delivery.drainTimeoutMs);
  });

  it('never leaves fewer pods than are wanted', () => {
    expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(manifestOf('PodDisruptionBudget').spec.maxUnavailable).toBeLessThan(
      manifestOf('ScaledObject').spec.minReplicaCount,
    );
    expect(spec.replicas).toBeUndefined();
  });
});

describe('the scaler', () => {
  it('looks at the group and the topic of the service, on its brokers, as its user', () => {
    const { metadata, authenticationRef } = trigger;
    expect(metadata.consumerGroup).toBe(server.groupId);
    expect(metadata.topic).toBe(server.requestTopic.topic);
    expect(metadata.bootstrapServers).toBe(environment['KAFKA_BROKERS']);
    expect(metadata.sasl).toBe(
      settings().broker.sasl?.mechanism.replaceAll('-', '_').replace('m_sha_', 'm_sha'),
    );
    expect(metadata.tls).toBe('enable');
    expect(manifestOf('ScaledObject').spec.scaleTargetRef.name).toBe(manifestOf('Deployment').metadata.name);
    const authentication = manifestOf('TriggerAuthentication');
    expect(authenticationRef.name).toBe(authentication.metadata.name);
    for (const { name, key } of authentication.spec.secretTargetRef) {
      expect(name).toBe(manifestOf('Secret').metadata.name);
      expect(stringData).toHaveProperty([key]);
    }
  });

  it('makes no more pods than there are partitions', () => {
    expect(manifestOf('ScaledObject').spec.maxReplicaCount).toBe(server.requestTopic.partitions);
  });

  it('takes what an instance does between two commits for no lag', () => {
    const perSecond = (POOL_SIZE * 1_000) / BOOKING_MS;
    expect(Number(trigger.metadata.lagThreshold)).toBe(
      (perSecond * server.delivery.commitIntervalMs) / 1_000,
    );
    expect(server.delivery.concurrency).toBe(POOL_SIZE);
  });
});

describe('the container', () => {
  it('has memory for its heap, and what is beside it', () => {
    const { requests, limits } = container().resources;
    const [, heap] = /^--max-old-space-size=(\d+)$/.exec(environment['NODE_OPTIONS']) ?? [];
    expect(Number.parseInt(limits.memory, 10) * MIB).toBe(Number(heap) * MIB + BESIDE_HEAP);
    expect(limits.memory).toMatch(/^\d+Mi$/);
    expect(requests.memory).toBe(limits.memory);
    expect(limits.cpu).toBeUndefined();
  });

  it('may do what the restricted profile allows', () => {
    expect(manifestOf('Namespace').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.securityContext.fsGroup).toBeGreaterThan(0);
    expect(container().securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.serviceAccountName).toBe(manifestOf('ServiceAccount').metadata.name);
  });
});

describe('the volumes', () => {
  it('are those that the container mounts', () => {
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).sort();
    expect(names(container().volumeMounts)).toEqual(names(pod.volumes));
  });

  it('have one that can be written to, and filled only so far', () => {
    const [mount, ...others] = container().volumeMounts.filter((each: VolumeMount) => !each.readOnly);
    expect(others).toEqual([]);
    expect(mount.mountPath).toBe('/tmp');
    expect(pod.volumes.find(({ name }: VolumeMount) => name === mount.name).emptyDir).toEqual({
      sizeLimit: expect.stringMatching(/^\d+Mi$/),
    });
  });
});

describe('what selects pods', () => {
  const { labels } = spec.template.metadata;

  it.each([
    ['the Deployment', spec.selector.matchLabels],
    ['the PodDisruptionBudget', manifestOf('PodDisruptionBudget').spec.selector.matchLabels],
    ['the NetworkPolicy', manifestOf('NetworkPolicy').spec.podSelector.matchLabels],
    ...pod.topologySpreadConstraints.map((each: { labelSelector: { matchLabels: object } }) => [
      'each spread',
      each.labelSelector.matchLabels,
    ]),
  ])('%s selects those of the Deployment', (_, selected) => expect(selected).toEqual(labels));

  it('lets them reach the ports of the brokers, and names', () => {
    const [names, brokers] = manifestOf('NetworkPolicy').spec.egress;
    const ports = environment['KAFKA_BROKERS'].split(',').map((address) => Number(address.split(':')[1]));
    expect(names.ports.map(({ port }: { port: number }) => port)).toEqual([53, 53]);
    expect(brokers.ports.map(({ port }: { port: number }) => port)).toEqual([...new Set(ports)]);
  });
});

describe('the Kustomization', () => {
  it('has all files but the Secret', () => {
    const [kustomization] = manifestFiles().get('kustomization.yaml')!;
    const files = [...manifestFiles().keys()].filter(
      (name) => !['kustomization.yaml', 'secret.yaml'].includes(name),
    );
    expect([...(kustomization['resources'] as string[])].sort()).toEqual(files.sort());
    const [image] = kustomization['images'] as [{ name: string }];
    expect(image.name).toBe(container().image);
    expect(kustomization['namespace']).toBe(manifestOf('Namespace').metadata.name);
  });
});

describe('the README', () => {
  const [, numbers = ''] = readme.split('## The numbers\n');
  const rows = [...numbers.matchAll(/^\| `([\w.]+)`\s*\| `?([^|`]+?)`?\s*\|/gm)].map(
    ([, name, value]) => [name, value] as const,
  );

  it('has numbers', () => expect(rows.length).toBeGreaterThan(15));

  it.each(rows)('says of %s what the manifests say: %s', (name, value) => {
    const found = [...manifestFiles().values()].flat().flatMap((manifest) => valuesOf(manifest, name));
    expect(new Set(found)).toEqual(new Set([value]));
  });
});

/** As of the pod, with files that are there. */
function readableEnvironment(): Record<string, string> {
  const files = ['KAFKA_CA_FILE', 'KAFKA_PASSWORD_FILE'].map((name) => {
    const file = join(folder, name);
    writeFileSync(file, stringData[secretAt(name)]);
    return [name, file] as const;
  });
  return { ...environment, ...Object.fromEntries(files) };
}

/** What of the Secret the pod has in the file that a variable names. */
function secretAt(variable: string): string {
  const item = secretVolume.secret.items.find(
    ({ path }: { path: string }) => environment[variable] === `${secretMount.mountPath}/${path}`,
  );
  if (!item) throw new Error(`Nothing is mounted at ${environment[variable]}: ${variable}`);
  return item.key;
}

function settings() {
  return readSettings(readableEnvironment());
}

/** All values of a manifest whose path ends with this name, as texts. */
function valuesOf(value: unknown, name: string, path = ''): string[] {
  if (typeof value !== 'object' || value === null)
    return `.${path}`.endsWith(`.${name}`) ? [String(value)] : [];
  return Object.entries(value).flatMap(([key, each]) =>
    valuesOf(each, name, path === '' ? key : `${path}.${key}`),
  );
}
