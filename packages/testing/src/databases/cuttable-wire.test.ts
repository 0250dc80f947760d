import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CuttableWire } from './cuttable-wire.js';

let echo: Server;
let wire: CuttableWire;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => void socket.pipe(socket).on('error', () => undefined)).listen(
    0,
    '127.0.0.1',
  );
  await once(echo, 'listening');
  wire = await CuttableWire.to(`tcp://127.0.0.1:${(echo.address() as AddressInfo).port}`);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await wire.cut();
  await new Promise((resolve) => echo.close(resolve));
});

async function dial(): Promise<Socket> {
  const client = connect(portOf(wire), '127.0.0.1').on('error', () => undefined);
  clients.push(client);
  await once(client, 'connect');
  return client;
}

async function echoed(client: Socket, text: string): Promise<string> {
  client.write(text);
  return String((await once(client, 'data'))[0]);
}

test('lets everything through', async () => {
  expect(await echoed(await dial(), 'hello')).toBe('hello');
});

test('silenced, it holds back what is sent on old and new connections until it is mended', async () => {
  const old = await dial();
  await echoed(old, 'before');
  wire.silence();
  const young = await dial();
  const answers = [echoed(old, 'old'), echoed(young, 'young')];
  expect(await Promise.race([...answers, sleep(50).then(() => 'nothing')])).toBe('nothing');
  await wire.mend();
  expect(await Promise.all(answers)).toEqual(['old', 'young']);
});

test('cut, it ends connections and refuses new ones', async () => {
  const old = await dial();
  const ended = once(old, 'close');
  await wire.cut();
  await ended;
  await expect(dial()).rejects.toThrow('ECONNREFUSED');
  await wire.mend();
  expect(await echoed(await dial(), 'again')).toBe('again');
});

function portOf(mended: CuttableWire): number {
  return Number(new URL(mended.through('tcp://127.0.0.1:1')).port);
}
