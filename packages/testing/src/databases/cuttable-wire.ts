import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

const MOST_TRIES = 50;
const AGAIN_MS = 100;

/**
 * A wire to a server on this machine that a test can cut: then it is as if the server were gone. Or silence: then it is as
 * if a firewall dropped what is sent.
 */
export class CuttableWire {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #isSilent = false;

  private constructor(target: number) {
    this.#target = target;
  }

  /** @param url of the server */
  static async to(url: string): Promise<CuttableWire> {
    const wire = new CuttableWire(Number(new URL(url).port));
    await wire.mend();
    return wire;
  }

  /** The same URL, through the wire. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String(this.#port);
    return changed.href;
  }

  /** Breaks what goes through and refuses what is new. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Connections stay, and new ones come about, but nothing goes through. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Ends a silence for connections that are to come; those that there are stay dead, and are not told. */
  hearNew(): void {
    this.#isSilent = false;
  }

  /** Lets everything through again, what a silence has held back too. */
  async mend(): Promise<void> {
    this.hearNew();
    for (const socket of this.#sockets) socket.resume();
    if (this.#server !== undefined) return;
    const server = createServer((near) => this.#join(near, connect(this.#target, '127.0.0.1')));
    await listening(server, this.#port);
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #join(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.on('data', (chunk) => other.write(chunk));
      if (this.#isSilent) one.pause();
    }
  }
}

/** While a wire is cut, somebody's connection may come by its port for a moment. */
async function listening(server: Server, port: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      server.listen(port, '127.0.0.1');
      return void (await once(server, 'listening'));
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
