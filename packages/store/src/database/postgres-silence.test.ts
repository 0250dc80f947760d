import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeEmptyPostgres, missingPostgres, skipLoudly } from '@drover/testing';
import { sql } from 'kysely';
import type { Patience } from './answer-watch.js';
import type { Database } from './database.js';
import { openPostgres } from './postgres.js';

const UNREACHABLE = { code: 'DATABASE_UNREACHABLE', retryable: true };
/** `AuthenticationOk` and `ReadyForQuery`. */
const READY = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

let database: Database;
let server: Server;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** A URL at which this is done with each connection. */
async function listen(onConnection: (socket: Socket) => void): Promise<URL> {
  server = createServer((socket) => {
    keep(socket);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`postgres://drover@127.0.0.1:${(server.address() as AddressInfo).port}/drover`);
}

function keep(socket: Socket): void {
  sockets.add(socket.on('error', () => undefined));
}

it('a connection that is lost as soon as it is there holds up neither who asked nor who closes', async () => {
  const url = await listen((socket) => {
    socket.once('data', () => {
      socket.write(READY);
      socket.once('data', () => socket.destroy());
    });
  });
  database = openPostgres(url.href);
  await expect(sql`select 1`.execute(database.kysely)).rejects.toMatchObject(UNREACHABLE);
  await database.close();
});

it('a server that takes a connection and says nothing is given up', async () => {
  const url = await listen(() => undefined);
  database = openPostgres(url.href, { patience: { connectMs: 50, answerMs: 50, askAgainMs: 50 } });
  await expect(sql`select 1`.execute(database.kysely)).rejects.toMatchObject(UNREACHABLE);
  await database.close();
});

const missing = missingPostgres();
if (missing === undefined) describe('a statement that is not answered', testLateAnswers);
else skipLoudly('statements that are not answered', missing);

function testLateAnswers(): void {
  const IMPATIENT: Patience = { connectMs: 500, answerMs: 100, askAgainMs: 50 };
  let made: Awaited<ReturnType<typeof makeEmptyPostgres>>;
  let ways: Socket[];
  /** What comes to connections from then on gets lost. */
  let isSilent: boolean;

  beforeEach(async () => {
    made = await makeEmptyPostgres();
    ways = [];
    isSilent = false;
    const url = new URL(made.url);
    const { hostname, port } = url;
    const { host } = await listen((near) => {
      const far = connect(Number(port), hostname);
      keep(far);
      ways.push(far);
      if (!isSilent) far.on('data', (chunk) => near.write(chunk));
      near.on('data', (chunk) => far.write(chunk));
      near.once('close', () => far.destroy());
    });
    url.host = host;
    database = openPostgres(url.href, { patience: IMPATIENT });
    await sql`select 1`.execute(database.kysely);
  }, 60_000);
  afterEach(async () => {
    await database.close();
    await made.remove();
  });

  it('is waited for while the server works on it', async () => {
    const query = sql`select 1 as one from pg_sleep(0.6)`.execute(database.kysely);
    expect((await query).rows).toEqual([{ one: 1 }]);
    expect(ways.length).toBeGreaterThan(2);
  });

  it('fails when the server has answered it, and the answer was lost', async () => {
    ways[0]!.pause();
    await expect(sql`select 1`.execute(database.kysely)).rejects.toMatchObject(UNREACHABLE);
    expect((await sql`select 1 as one`.execute(database.kysely)).rows).toEqual([{ one: 1 }]);
  });

  it('fails when nobody answers any more', async () => {
    ways[0]!.pause();
    isSilent = true;
    await expect(sql`select 1`.execute(database.kysely)).rejects.toMatchObject(UNREACHABLE);
  });
}
