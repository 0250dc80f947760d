// Lantern to play with: an invented vendor, kept in memory. Start it with: npx node examples/hello-plugin/fake-lantern.ts
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

const TOKEN = 'hello-lantern-token';
const PORT = 8787;

export interface FakeLantern {
  url: string;
  /** Host to case number, of the one watchlist. */
  cases: Map<string, string>;
  close(): void;
}

/** Serves on loopback; port 0 takes a free one. */
export async function startLantern({ port }: { port: number }): Promise<FakeLantern> {
  const cases = new Map<string, string>();
  const server = createServer((request, response) => {
    void answer(request, cases).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, cases, close: () => void server.close().closeAllConnections() };
}

async function answer(request: IncomingMessage, cases: Map<string, string>) {
  if (request.headers.authorization !== `Bearer ${TOKEN}`) {
    return { status: 401, body: { message: 'This token is not known.' } };
  }
  const asked = `${request.method} ${request.url?.split('?')[0]}`;
  if (asked === 'GET /v1/watchlists') {
    return { status: 200, body: [{ id: 'w1', name: 'Suspicious hosts' }] };
  }
  if (asked === 'POST /v1/watchlists/w1/hosts') {
    const { hosts } = (await json(request)) as { hosts: string[] };
    return { status: 200, body: watch(hosts, cases) };
  }
  return { status: 404, body: { message: `There is no ${asked}.` } };
}

function watch(hosts: readonly string[], cases: Map<string, string>) {
  const reserved = hosts.filter((host) => host.endsWith('.invalid'));
  const watched = hosts.filter((host) => !reserved.includes(host));
  for (const host of watched) {
    if (!cases.has(host)) cases.set(host, `L-${cases.size + 1}`);
  }
  return {
    cases: watched.map((host) => ({ host, number: cases.get(host) })),
    refused: reserved.map((host) => ({ host, reason: 'Names below .invalid never exist.' })),
  };
}

if (import.meta.main) {
  const { url } = await startLantern({ port: PORT });
  process.stdout.write(`Lantern is on ${url} with the token ${TOKEN}; Ctrl-C ends it.\n`);
}
