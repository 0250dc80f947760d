import {
  createServer,
  type IncomingMessage,
  request as forward,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface HoldOrder {
  /** Default: any. */
  method?: string;
  /** Default: any. */
  path?: RegExp;
  /** Which matching request, counted from the order on. Default 1. */
  nth?: number;
  /** `request`: the vendor has not seen it yet. `answer`: it has, and the caller does not know. */
  at: 'request' | 'answer';
}

export interface Held {
  /** Resolves when the request is there and held. */
  reached: Promise<void>;
  /** Lets it go on; one that is still to come is not held. */
  release(): void;
}

interface OpenHold extends HoldOrder {
  toSkip: number;
  reach(): void;
  released: Promise<void>;
}

/**
 * Stands before a simulator and holds chosen requests, so that a test knows where a process is and what the vendor has
 * seen of it. A request that is held and whose caller has gone never reaches the vendor.
 */
export class VendorGate {
  readonly url: string;
  readonly #server: Server;
  readonly #target: URL;
  readonly #holds = new Set<OpenHold>();

  private constructor(server: Server, target: URL) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.#target = target;
    server.on('request', (request, response) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  static async open(target: string): Promise<VendorGate> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new VendorGate(server, new URL(target));
  }

  hold(order: HoldOrder): Held {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const hold = {
      ...order,
      toSkip: (order.nth ?? 1) - 1,
      reach: reached.resolve,
      released: released.promise,
    };
    this.#holds.add(hold);
    return {
      reached: reached.promise,
      release: () => {
        this.#holds.delete(hold);
        released.resolve();
      },
    };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const gone = new Promise<'gone'>((resolve) => response.once('close', () => resolve('gone')));
    const hold = this.#holdOf(request);
    if (hold?.at === 'request' && (await held(hold, gone)) === 'gone') return;
    const answer = await this.#forward(request, body);
    const content = await buffer(answer);
    if (hold?.at === 'answer' && (await held(hold, gone)) === 'gone') return;
    response.writeHead(answer.statusCode!, answer.headers).end(content);
  }

  #holdOf({ method, url }: IncomingMessage): OpenHold | undefined {
    const matching = [...this.#holds].filter(
      (hold) => (hold.method ?? method) === method && (hold.path ?? /^/).test(url!),
    );
    const met = matching.find(({ toSkip }) => toSkip === 0);
    for (const hold of matching) hold.toSkip -= 1;
    if (met !== undefined) this.#holds.delete(met);
    return met;
  }

  #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      forward(new URL(url!, this.#target), { method, headers }, resolve).once('error', reject).end(body);
    });
  }
}

function held(hold: OpenHold, gone: Promise<'gone'>): Promise<'gone' | void> {
  hold.reach();
  return Promise.race([hold.released, gone]);
}
