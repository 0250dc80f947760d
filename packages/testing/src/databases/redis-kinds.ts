import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OwnRedis } from './redis-servers.js';
import { runDirectory } from './run-directory.js';

const LOOK_MS = 20;
const READY_MS = 15_000;
const MASTER = 'rings-master';
const ALL_SLOTS = ['0', '16383'];

/** A Redis behind TLS, whose certificate `authority` vouches for. */
export async function startTlsRedis(): Promise<{ server: OwnRedis; url: string; authority: string }> {
  const { key, certificate } = makeCertificate();
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
  const server = await OwnRedis.start({ tls: true, more: [...files, '--tls-auth-clients', 'no'] });
  return { server, url: `rediss://127.0.0.1:${server.port}`, authority: readFileSync(certificate, 'utf8') };
}

/** @param rights of the user `drover`, as `ACL SETUSER` has them; nobody else may do anything */
export async function startRestrictedRedis(rights: string): Promise<{ server: OwnRedis; url: string }> {
  const server = await OwnRedis.start();
  await ask(server, `ACL SETUSER drover on >s3cret:pass ${rights}`);
  await ask(server, 'ACL SETUSER default off');
  return { server, url: `redis://drover:s3cret%3Apass@127.0.0.1:${server.port}` };
}

/** A cluster of one server that has all slots. */
export async function startClusterRedis(): Promise<{ server: OwnRedis; url: string }> {
  const folder = mkdtempSync(join(runDirectory(), 'cluster-'));
  const more = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--dir', folder];
  const server = await OwnRedis.start({ more });
  await ask(server, `CLUSTER ADDSLOTSRANGE ${ALL_SLOTS.join(' ')}`);
  await until(async () => (await ask(server, 'CLUSTER INFO')).includes('cluster_state:ok'), 'the cluster');
  return { server, url: `redis+cluster://127.0.0.1:${server.port}` };
}

/** A master, its replica, and a sentinel that makes the replica the master when the master is gone. */
export async function startSentinels(): Promise<{ master: OwnRedis; servers: OwnRedis[]; url: string }> {
  const master = await OwnRedis.start({ more: ['--repl-diskless-sync-delay', '0'] });
  const replica = await OwnRedis.start({ more: ['--replicaof', '127.0.0.1', String(master.port)] });
  await until(async () => (await ask(replica, 'INFO')).includes('master_link_status:up'), 'the replica');
  const file = join(mkdtempSync(join(runDirectory(), 'sentinel-')), 'sentinel.conf');
  const settings = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds ${MASTER} 300`,
    `sentinel failover-timeout ${MASTER} 3000`,
  ];
  writeFileSync(file, settings.map((line) => `${line}\n`).join(''));
  const sentinel = await OwnRedis.start({ file, more: ['--sentinel'] });
  const known = async (): Promise<boolean> => (await ask(sentinel, 'INFO')).includes('slaves=1');
  await until(known, 'the sentinel to know the replica');
  const servers = [sentinel, replica, master];
  return { master, servers, url: `redis+sentinel://127.0.0.1:${sentinel.port}/${MASTER}` };
}

function makeCertificate(): { key: string; certificate: string } {
  const folder = mkdtempSync(join(runDirectory(), 'tls-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const name = ['-subj', '/CN=redis.example.com', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1'];
  execFileSync('openssl', [...made, ...name, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { key, certificate };
}

/** What the server says to one inline command. */
async function ask({ port }: OwnRedis, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => (said += text));
  socket.on('error', () => undefined);
  // It answers before it sees the end; a sentinel knows no QUIT.
  socket.end(`${command}\r\n`);
  await new Promise((resolve) => socket.once('close', resolve));
  if (said.startsWith('-')) throw new Error(`${command}: ${said}`);
  return said;
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const lastLook = Date.now() + READY_MS;
  while (!(await holds())) {
    if (Date.now() > lastLook) throw new Error(`Waited in vain for ${what}.`);
    await sleep(LOOK_MS);
  }
}
