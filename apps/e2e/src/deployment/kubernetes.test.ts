/** infra/k8s, as far as it can be judged by reading; infra/check.sh holds it to the schemas of Kubernetes and KEDA. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '@millrace/testing';
import { catalogue } from '@millrace/telemetry';
import { filesBelow, parseYaml, read } from './files.js';

interface Container {
  name: string;
  image: string;
  args: string[];
  env?: { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } }[];
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  startupProbe?: Probe;
  lifecycle?: { preStop: { exec: { command: string[] } } };
  resources: { limits: Record<string, string>; requests: Record<string, string> };
  securityContext: object;
  volumeMounts?: { name: string; mountPath: string }[];
}
interface Probe {
  httpGet: { path: string };
}
interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown>;
}
interface Pod {
  metadata: { labels: Record<string, string> };
  spec: {
    containers: Container[];
    terminationGracePeriodSeconds?: number;
    securityContext: object;
    volumes?: { name: string }[];
  };
}

const files = filesBelow('infra/k8s', /\.yaml$/);
const manifests = files.flatMap((file) => parseYaml<Manifest>(file));
const named = (kind: string, name: string): Manifest | undefined =>
  manifests.find((each) => each.kind === kind && each.metadata.name === name);
const podOf = ({ spec }: Manifest): Pod => spec['template'] as Pod;
const workloads = manifests
  .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
  .map((each) => [each.metadata.name, each] as const);

describe('infra/k8s', () => {
  it('lists every file in a kustomization', () => {
    const listed = files
      .filter((file) => file.endsWith('kustomization.yaml'))
      .flatMap((file) =>
        parseYaml<{ resources: string[] }>(file).flatMap(({ resources }) =>
          resources.map((name) => join(dirname(file), name)),
        ),
      );
    expect(listed.sort()).toEqual(files.filter((file) => !file.endsWith('kustomization.yaml')));
  });

  it('has the whole fleet', () => {
    expect(workloads.map(([name]) => name).sort()).toEqual(['gateway', 'migrate', 'recorder', 'worker']);
  });

  it.each(workloads)('%s: an ordinary user in a read-only tree, limited, with a command that is built', (_, each) => {
    const { spec } = podOf(each);
    expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(existsSync(join(repositoryRoot, container.args[0]!))).toBe(true);
      expect(container.resources.limits['memory']).toBeDefined();
      for (const { volumeMounts = [] } of spec.containers)
        for (const { name } of volumeMounts) expect(spec.volumes?.map((volume) => volume.name)).toContain(name);
      for (const { valueFrom } of container.env ?? []) expect(valueFrom.secretKeyRef.name).toBe('millrace');
    }
  });

  it.each(workloads.filter(([, { kind }]) => kind === 'Deployment'))(
    '%s: selected, probed, drained, and never all away',
    (name, each) => {
      const pod = podOf(each);
      expect(each.spec['selector']).toEqual({ matchLabels: pod.metadata.labels });
      const container = pod.spec.containers[0]!;
      const { livenessProbe, lifecycle } = container;
      expect(livenessProbe?.httpGet.path).toBe('/health/live');
      // Told to stop, a process is gone within 30 s; what comes before counts as well.
      const before = Number(lifecycle?.preStop.exec.command[1] ?? 0);
      expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(30 + before);
      expect(named('PodDisruptionBudget', name)?.spec['selector']).toEqual(each.spec['selector']);
    },
  );

  it('a gateway leaves its service before it refuses connections, and stays in it while a store is away', () => {
    const { lifecycle, readinessProbe, startupProbe } = podOf(named('Deployment', 'gateway')!).spec.containers[0]!;
    expect(lifecycle?.preStop.exec.command[0]).toBe('sleep');
    expect([startupProbe, readinessProbe].map((probe) => probe?.httpGet.path)).toEqual([
      '/health/ready',
      '/health/live',
    ]);
  });

  it('scales workers by metrics that processes export', () => {
    const queries = [...read('infra/k8s/keda/scaled-object.yaml').matchAll(/query: (.*)/g)].map(([, query]) => query!);
    const metrics = queries.flatMap((query) => query.match(/millrace_\w+/g) ?? []);
    expect(metrics.sort()).toEqual(['millrace_queue_oldest_seconds', 'millrace_worker_slots_used']);
    expect(Object.values(catalogue).map(({ name }) => name)).toEqual(expect.arrayContaining(metrics));
    expect(named('ScaledObject', 'worker')?.spec['scaleTargetRef']).toEqual({ name: 'worker' });
    // Two that set the number of replicas would fight.
    expect(named('Deployment', 'worker')?.spec['replicas']).toBeUndefined();
  });
});
