import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '@millrace/embedded';

/** A TCP proxy on loopback that breaks a connection in the ways networks do. */
export interface FaultProxy {
  readonly port: number;
  /** The target's address with the proxy's port in it. */
  readonly url: string;
  /** Open client connections. */
  readonly connections: number;
  /** Forwards again: bytes held back by `silence` go on their way, new connections are accepted. */
  pass(): Promise<void>;
  /** Half-open: connections stay, new ones are accepted, and not a byte moves. */
  silence(): void;
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy in front of a service such as `redis://127.0.0.1:6379`. */
export async function startProxy(target: string): Promise<FaultProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const url = new URL(target);
  const sockets = new Set<Socket>();
  let clients = 0;
  let silent = false;

  const track = (socket: Socket) => {
    sockets.add(socket);
    // A broken connection is what this proxy is for; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (silent) socket.pause();
  };
  const accept = (client: Socket) => {
    const upstream = connect(Number(targetPort), hostname);
    clients++;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        if (!silent) from.resume();
      });
      from.on('close', () => to.destroy());
      track(from);
    }
    client.on('close', () => clients--);
  };

  const port = await freePort();
  let server: Server | undefined = await listen(accept, port);
  url.port = String(port);
  const stop = async () => {
    const closing = server;
    server = undefined;
    const closed = closing && new Promise((resolve) => closing.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  return {
    port,
    url: url.href,
    get connections() {
      return clients;
    },
    async pass() {
      silent = false;
      server ??= await listen(accept, port);
      for (const socket of sockets) socket.resume();
    },
    silence() {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    cut: stop,
    close: stop,
  };
}

async function listen(accept: (client: Socket) => void, port: number): Promise<Server> {
  const server = createServer(accept);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
