import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openPostgres } from './postgres.js';

it('a server that does not answer is a fault of its own, which names no password', async () => {
  const database = openPostgres('postgres://drover:secret-word@127.0.0.1:1/drover');
  const refusal = await sql`select 1`.execute(database.kysely).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    message: expect.stringMatching(/^The database 127\.0\.0\.1:1\/drover cannot be used: .*ECONNREFUSED/),
    cause: { code: 'ECONNREFUSED' },
  });
  expect(String(refusal)).not.toContain('secret-word');
  await database.close();
});

/** A message of a server: its letter, the length of what follows and the kind of authentication, then the rest. */
function authentication(kind: number, rest: string): Buffer {
  const message = Buffer.from(`R\0\0\0\0\0\0\0\0${rest}`);
  message.writeInt32BE(message.length - 1, 1);
  message.writeInt32BE(kind, 5);
  return message;
}

it('a server that asks for a password that the URL does not have is told in plain words', async () => {
  const asked = [authentication(10, 'SCRAM-SHA-256\0\0'), authentication(11, 'r=a,s=YWE=,i=4096')];
  const server = createServer((socket) => {
    const messages = asked.values();
    socket.on('error', () => undefined).on('data', () => socket.write(messages.next().value ?? ''));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const database = openPostgres(`postgres://drover@127.0.0.1:${port}/drover`);
  await expect(sql`select 1`.execute(database.kysely)).rejects.toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    message: `The database 127.0.0.1:${port}/drover cannot be used: it asks for a password, and its URL has none.`,
  });
  await database.close();
  // The refused connection is gone too.
  const closed = once(server, 'close');
  server.close();
  await closed;
});
