import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TcpGate } from './tcp-gate.js';

let echo: Server;
let gate: TcpGate;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => void socket.pipe(socket).on('error', () => undefined)).listen(
    0,
    '127.0.0.1',
  );
  await once(echo, 'listening');
  gate = await TcpGate.open((echo.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await gate.close();
  await new Promise((resolve) => echo.close(resolve));
});

async function dial(): Promise<Socket> {
  const client = connect(gate.port, '127.0.0.1').on('error', () => undefined);
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

test('silenced, it holds back what is sent on old and new connections until it passes again', async () => {
  const old = await dial();
  await echoed(old, 'before');
  gate.silence();
  const young = await dial();
  const answers = [echoed(old, 'old'), echoed(young, 'young')];
  expect(await Promise.race([...answers, sleep(50).then(() => 'nothing')])).toBe('nothing');
  gate.pass();
  expect(await Promise.all(answers)).toEqual(['old', 'young']);
});

test('refusing, it ends connections and closes new ones', async () => {
  const old = await dial();
  const ended = once(old, 'close');
  gate.refuse();
  await ended;
  const young = await dial();
  await once(young, 'close');
  gate.pass();
  expect(await echoed(await dial(), 'again')).toBe('again');
});
