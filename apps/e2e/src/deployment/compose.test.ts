/** docker-compose.yml, infra/Dockerfile and infra/nginx, as far as they can be judged without an engine; infra/check.sh goes further. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@millrace/testing';
import { parseYaml, read } from './files.js';

interface Service {
  image: string;
  profiles?: string[];
  command?: string[];
  environment?: Record<string, string>;
  deploy: { replicas?: number; resources: { limits: { cpus: string; memory: string } } };
  depends_on?: Record<string, { condition: string }> | string[];
  healthcheck?: { test?: string[] };
  networks: string[];
  ports?: string[];
  volumes?: string[];
  cap_drop?: string[];
  read_only?: boolean;
  security_opt?: string[];
  stop_grace_period?: string;
}

const [compose] = parseYaml<{
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
}>('docker-compose.yml');
const services = Object.entries(compose?.services ?? {});
const service = (name: string): Service => compose!.services[name]!;
const ours = services.filter(([, { image }]) => image.includes('millrace'));
const dockerfile = read('infra/Dockerfile');

describe('docker-compose.yml', () => {
  it('has the whole fleet', () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      [
        ...['gateway-1', 'gateway-2', 'grafana', 'jaeger', 'migrate', 'otel-collector', 'postgres', 'prometheus'],
        ...['proxy', 'recorder', 'redis', 'worker'],
      ].sort(),
    );
    expect([service('worker').deploy.replicas, service('recorder').deploy.replicas]).toEqual([3, 2]);
    const optional = services.filter(([, { profiles }]) => profiles?.includes('observability')).map(([name]) => name);
    expect(optional.sort()).toEqual(['grafana', 'jaeger', 'otel-collector', 'prometheus']);
  });

  it.each(services)('%s: pinned, limited, without rights it does not need', (name, each) => {
    if (!each.image.startsWith('${MILLRACE_IMAGE'))
      expect(each.image).toMatch(/^[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    // The migration is done in a moment.
    if (name !== 'migrate')
      expect(each.deploy.resources.limits).toEqual({
        cpus: expect.any(String) as string,
        memory: expect.stringMatching(/^\d+[mg]$/) as string,
      });
    expect(each.security_opt).toContain('no-new-privileges:true');
    // PostgreSQL's start script changes owners and users.
    if (name !== 'postgres') expect([each.read_only, each.cap_drop]).toEqual([true, ['ALL']]);
  });

  it.each(services)('%s: names only networks, volumes, services and files that exist', (_, each) => {
    for (const network of each.networks) expect(Object.keys(compose!.networks)).toContain(network);
    const needed = Array.isArray(each.depends_on) ? each.depends_on : Object.keys(each.depends_on ?? {});
    for (const other of needed) expect(services.map(([name]) => name)).toContain(other);
    for (const volume of each.volumes ?? []) {
      const source = volume.split(':')[0]!;
      if (source.startsWith('./infra/prometheus') || source.startsWith('./infra/grafana')) continue;
      if (source.startsWith('.')) expect(existsSync(join(repositoryRoot, source))).toBe(true);
      else expect(Object.keys(compose!.volumes)).toContain(source);
    }
  });

  it.each(ours)(
    '%s runs an entry point that is built, and outlives its drain',
    (_, { command, stop_grace_period: grace }) => {
      expect(existsSync(join(repositoryRoot, command![0]!))).toBe(true);
      expect(Number.parseInt(grace!, 10)).toBeGreaterThan(30);
    },
  );

  it('opens only the proxy and the tools, on loopback unless told otherwise; the stores are on a network of their own', () => {
    expect(
      services
        .filter(([, { ports }]) => ports)
        .map(([name]) => name)
        .sort(),
    ).toEqual(['grafana', 'jaeger', 'prometheus', 'proxy']);
    for (const [, { ports = [] }] of services) for (const port of ports) expect(port).toContain('127.0.0.1:');
    expect([service('postgres').networks, service('redis').networks]).toEqual([['data'], ['data']]);
    expect(compose!.networks['data']).toEqual({ internal: true });
  });

  it('keeps what must not be lost', () => {
    const words = service('redis').command!.join(' ');
    for (const setting of ['appendonly yes', 'appendfsync everysec', 'maxmemory-policy noeviction'])
      expect(words).toContain(`--${setting}`);
    expect(service('postgres').command!.join(' ')).not.toMatch(/fsync=off|synchronous_commit=off|full_page_writes=off/);
    for (const [, { volumes }] of ours) expect(volumes).toContain('files:/data');
  });

  it('asks for every secret, each of which .env.example names, and has none in it', () => {
    const text = read('docker-compose.yml');
    const asked = new Set([...text.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name));
    const named = [...read('.env.example').matchAll(/^([A-Z_]+)=$/gm)].map(([, name]) => name);
    expect([...asked].sort()).toEqual(named.sort());
    for (const [, name = ''] of text.matchAll(/\$\{([A-Z_]*(?:PASSWORD|KEY|SECRET)[A-Z_]*)/g))
      expect(asked).toContain(name);
  });
});

describe('infra/Dockerfile', () => {
  it('starts from a pinned official Node, ends as an ordinary user, and takes signals itself', () => {
    const node = read('.node-version').trim();
    expect(dockerfile).toContain(`ARG NODE=node:${node}-bookworm-slim`);
    expect(dockerfile.match(/^FROM \$\{NODE\}/gm)).toHaveLength(2);
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node"\]$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
  });

  it('gets neither local data nor what was built or installed outside', () => {
    const ignored = read('.dockerignore').split('\n');
    for (const path of ['.git', '.env', '.millrace', '**/node_modules', '**/dist']) expect(ignored).toContain(path);
  });
});

describe('infra/nginx', () => {
  const config = read('infra/nginx/nginx.conf').replace(/^\s*#.*$/gm, '');

  it('never sends a submission twice, and holds no stream back', () => {
    expect(config).toMatch(/proxy_next_upstream error timeout;/);
    expect(config).not.toContain('non_idempotent');
    expect(config).toMatch(/proxy_buffering off;/);
    expect(config).toMatch(/proxy_read_timeout 1h;/);
    // A connection kept open could meet a gateway that is just closing it.
    expect(read('infra/nginx/upstream.conf')).not.toMatch(/^\s*keepalive\s/m);
  });

  it('logs no query, which signs links', () => {
    expect(config).not.toMatch(/\$request_uri|\$request\b|\$args|\$query_string/);
  });

  it('names the gateways of docker-compose.yml', () => {
    const names = [...read('infra/nginx/upstream.conf').matchAll(/server (\S+):8080/g)].map(([, name]) => name!);
    expect([...new Set(names)].sort()).toEqual(
      services.map(([name]) => name).filter((name) => name.startsWith('gateway')),
    );
  });
});
