import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createOutbound } from '../outbound.js';
import { insideHosts } from './inside-hosts.js';

/**
 * Runs in a network namespace of its own, in which only loopback exists. Loopback is given the addresses of places inside,
 * so that every one of them answers, and nothing can leave the machine. Prints a `NamespaceReport`.
 */
export interface NamespaceReport {
  /** Places inside that answer a plain socket. */
  answering: string[];
  /** Public addresses that the guarded client reached: it can reach something. */
  reached: string[];
  /** What the guarded client was not refused. */
  notRefused: string[];
  /** Connections that arrived while places inside were asked for. */
  connections: number;
}

const inside = [
  ...['127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '169.254.169.254', '100.100.100.200'],
  ...['168.63.129.16', '192.0.0.192', '169.254.170.2', '::1', 'fd00:ec2::254', 'fc00::1', '64:ff9b::7f00:1'],
  ...['64:ff9b::a9fe:a9fe', '2002:7f00:1::', '2002:a9fe:a9fe::1', '2001:0:7f00:1::', '2001:db8::1', 'fec0::1'],
];
const outside = ['8.8.8.8', '2606:4700::1111'];

const ip = (...args: string[]) => spawnSync('ip', args).status === 0;
const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address);

if (!ip('link', 'set', 'lo', 'up')) throw new Error('loopback of the namespace stays down');
for (const address of [...inside, ...outside]) {
  // What can't be added (IPv6 off, already there) is missing in the report.
  ip('addr', 'add', `${address}/${address.includes(':') ? '128' : '32'}`, 'dev', 'lo', 'nodad');
}

let connections = 0;
const server = createServer((_, response) => response.end('reached'));
server.on('connection', () => (connections += 1));
server.listen(0);
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

async function answers(address: string): Promise<boolean> {
  const socket = connect({ port, host: address });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // This address is not there; the report says so.
    return false;
  } finally {
    socket.destroy();
  }
}

async function gets(outbound: ReturnType<typeof createOutbound>, host: string): Promise<boolean> {
  const url = `http://${host}:${port}/`;
  const outcomes = await Promise.allSettled([
    outbound.request({ method: 'GET', url, headers: {} }),
    outbound.fetch(url).then((response) => response.text()),
  ]);
  return outcomes.some(({ status }) => status === 'fulfilled');
}

const report: NamespaceReport = { answering: [], reached: [], notRefused: [], connections: 0 };
for (const address of inside) if (await answers(address)) report.answering.push(address);

const outbound = createOutbound({
  resolve: async (name) => {
    const address = inside[Number(/^n(\d+)\./.exec(name)?.[1])] ?? '127.0.0.1';
    return [{ address, family: address.includes(':') ? 6 : 4 }];
  },
});
for (const address of outside) if (await gets(outbound, bracketed(address))) report.reached.push(address);

connections = 0;
const names = inside.map((_, i) => `n${i}.example`);
for (const host of [...insideHosts, ...inside.map(bracketed), ...names]) {
  if (await gets(outbound, host)) report.notRefused.push(host);
}
report.connections = connections;
await outbound.close();
server.closeAllConnections();
server.close();
process.stdout.write(JSON.stringify(report));
