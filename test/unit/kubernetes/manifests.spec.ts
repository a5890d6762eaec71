// The manifests of the sample, checked by the schemas of Kubernetes and KEDA.
import { readFileSync } from 'node:fs';
import { describe, expect, it, jest } from '@jest/globals';
import { type Manifest, manifestFiles, manifestOf } from '../../support/manifests.js';
import { schemaFaults, typeFaults } from './schemas.js';

// The types of Kubernetes are large; for a machine that is busy with other things.
jest.setTimeout(90_000);

const manifests = new Map(
  [...manifestFiles()]
    .filter(([name]) => name !== 'kustomization.yaml')
    .flatMap(([name, list]) => list.map((manifest) => [`${name} (${manifest.kind})`, manifest] as const)),
);

const POD = 'spec.template.spec';
const CONTAINER = `${POD}.containers.0`;
/** What people get wrong: a field of a manifest, and what it becomes; `undefined` for one that is missing. */
const MISTAKES: readonly [kind: string, field: string, value: unknown][] = [
  ['Deployment', 'spec.selector', undefined],
  ['Deployment', 'spec.replicaCount', 2],
  ['Deployment', 'spec.replicas', '2'],
  ['Deployment', 'spec.strategy.type', 'Rolling'],
  ['Deployment', `${POD}.terminationGracePeriodSeconds`, '40s'],
  ['Deployment', `${POD}.terminationGracePeriod`, 40],
  ['Deployment', `${CONTAINER}.livenessProbe.terminationGracePeriodSeconds`, '20s'],
  ['Deployment', `${CONTAINER}.livenessProbe.terminationGracePeriod`, 20],
  ['Deployment', `${POD}.volumes.0.secret.defaultMode`, '0440'],
  ['Deployment', `${POD}.volumes.1.emptyDir.sizeLimits`, '64Mi'],
  ['Deployment', `${POD}.topologySpreadConstraints.0.matchLabelKeys`, 'pod-template-hash'],
  ['Deployment', `${CONTAINER}.name`, undefined],
  ['Deployment', `${CONTAINER}.livenesProbe`, {}],
  ['Deployment', `${CONTAINER}.readinessProbe.httpGet.port`, undefined],
  ['Deployment', `${CONTAINER}.readinessProbe.failureTreshold`, 1],
  ['Deployment', `${CONTAINER}.env.0.valueFrom.fieldRef`, 'metadata.name'],
  ['Deployment', `${CONTAINER}.securityContext.readOnlyRootFileSystem`, true],
  ['PodDisruptionBudget', 'spec.unhealthyPodEvictionPolicy', 'Always'],
  ['PodDisruptionBudget', 'spec.maxUnavailablePods', 1],
  ['NetworkPolicy', 'spec.podSelector', undefined],
  ['NetworkPolicy', 'spec.egress.0.ports.0.ports', 53],
  ['ServiceAccount', 'automountServiceAccountToken', 'no'],
  ['ConfigMap', 'data.PROBE_PORT', 8081],
  ['Secret', 'stringdata', {}],
  ['ScaledObject', 'spec.scaleTargetRef.name', undefined],
  ['ScaledObject', 'spec.triggers', undefined],
  ['ScaledObject', 'spec.maxReplicas', 12],
  ['ScaledObject', 'spec.triggers.0.metadata.lagThreshold', 200],
  ['TriggerAuthentication', 'spec.secretTargetRef.0.key', undefined],
  ['TriggerAuthentication', 'spec.secretTargetRefs', []],
];

/** The version of Kubernetes that the README asks for at least. */
const LOWEST = '1.28';
/** Has a field that came with it. */
const sidecar = changed(manifestOf('Deployment'), `${POD}.initContainers`, [
  { name: 'proxy', restartPolicy: 'Always' },
]);

const wrong = new Map(
  MISTAKES.map(([kind, field, value]) => [`${kind}:${field}`, changed(manifestOf(kind), field, value)]),
);

let told: readonly string[] | undefined;

/** What the types say against one of them; all are compiled together, which takes as long as one. */
function typeFaultsOf(name: string): string[] {
  told ??= typeFaults(new Map([...manifests, [LOWEST, sidecar], ...wrong]));
  return told.filter((fault) => fault.startsWith(`${name}:`));
}

describe('the manifests', () => {
  it('are there', () => expect(manifests.size).toBeGreaterThan(0));

  it.each([...manifests.keys()])('%s follows the schema of its kind', async (name) => {
    expect(await schemaFaults(manifests.get(name)!)).toEqual([]);
  });

  it.each([...manifests.keys()])('%s has no field that its kind does not have', (name) => {
    expect(typeFaultsOf(name)).toEqual([]);
  });
});

describe('the schemas', () => {
  it('are of the version that the README asks for, or of a newer one', () => {
    const readme = readFileSync(new URL('../../../sample/10-kubernetes/README.md', import.meta.url), 'utf8');
    expect(readme).toContain(`Kubernetes ${LOWEST} or newer`);
    expect(typeFaultsOf(LOWEST)).toEqual([]);
  });
});

describe('a manifest with a mistake', () => {
  it.each([...wrong.keys()])('is refused: %s', async (name) => {
    expect([...(await schemaFaults(wrong.get(name)!)), ...typeFaultsOf(name)]).not.toEqual([]);
  });
});

function changed(manifest: Manifest, field: string, value: unknown): Manifest {
  const copy = structuredClone(manifest);
  const names = field.split('.');
  const last = names.pop()!;
  const parent = names.reduce<Record<string, unknown>>(
    (object, name) => object[name] as Record<string, unknown>,
    copy as Record<string, unknown>,
  );
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}
