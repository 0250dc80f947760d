import { defineAction, type Outcome } from '@drover/plugin-sdk';
import { servePlugins } from '@drover/plugin-sdk/serve';

type Attempt = () => unknown;

/** Each tries to get at something that a plugin is not to reach, and returns what it got. */
const attempts: Record<string, Attempt> = {
  'read a system file': async () => (await import('node:fs')).readFileSync('/etc/passwd', 'utf8'),
  'read the folder of another bundle': async () =>
    (await import('node:fs')).readFileSync(`${process.cwd()}/../`, 'utf8'),
  'list the folder above': async () => (await import('node:fs')).readdirSync('..'),
  'read the environment of the host': async () =>
    (await import('node:fs')).readFileSync(`/proc/${process.ppid}/environ`, 'utf8'),
  'follow a link out of its folder': async () => (await import('node:fs')).symlinkSync('/etc', './etc'),
  'write into its folder': async () => (await import('node:fs')).writeFileSync('./left-behind', 'x'),
  'write a trace': async () =>
    (await import('node:trace_events')).createTracing({ categories: ['node'] }).enable(),
  'write a report': async () => process.report.writeReport('left-behind.json'),
  'write a heap snapshot': async () =>
    (await import('node:v8')).writeHeapSnapshot('left-behind.heapsnapshot'),
  'open a database': async () => new (await import('node:sqlite')).DatabaseSync(':memory:'),
  'start a process': async () => (await import('node:child_process')).execSync('id').toString(),
  'become another program': async () => process.execve!('/bin/true', ['true'], {}),
  'start a thread': async () => new (await import('node:worker_threads')).Worker('0', { eval: true }),
  'load an addon': async () => process.dlopen({ exports: {} }, '/nonexistent.node'),
  'open the inspector': async () => (await import('node:inspector')).open(0),
  'use an internal binding': async () =>
    (process as unknown as { binding(name: string): unknown }).binding('fs'),
  'change the user': async () => process.setuid!(0),
};

/** Only where the network is denied. */
const networkAttempts: Record<string, Attempt> = {
  'fetch a page': () => fetch('http://127.0.0.1:8099/'),
  'open a socket': async () => settled((await import('node:net')).connect(9, '127.0.0.1'), 'connect'),
  'listen on a port': async () => settled((await import('node:net')).createServer().listen(0), 'listening'),
  'send a datagram': async () =>
    settled((await import('node:dgram')).createSocket('udp4').bind(0), 'listening'),
  'look up a name': async () => (await import('node:dns')).promises.resolve4('localhost'),
};

function settled(emitter: NodeJS.EventEmitter, event: string): Promise<string> {
  return new Promise((resolve, reject) => {
    emitter.once(event, () => resolve(event));
    emitter.once('error', reject);
  });
}

async function resultsOf(tried: Record<string, Attempt>): Promise<Record<string, string>> {
  const results: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(tried)) {
    try {
      results[name] = `GOT ${String(await attempt()).slice(0, 80)}`;
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
      results[name] = error.code ?? error.cause?.code ?? error.message;
    }
  }
  return results;
}

const asOutcomes = (results: unknown) => [results] as unknown as Outcome[];

servePlugins({
  attacks: defineAction({ execute: async () => asOutcomes(await resultsOf(attempts)) }),
  'attacks the network': defineAction({ execute: async () => asOutcomes(await resultsOf(networkAttempts)) }),
  'signals the host': defineAction({
    execute: async () =>
      asOutcomes(await resultsOf({ signal: () => process.kill(process.ppid, 0), renice: () => renice() })),
  }),
  'shows its surroundings': defineAction({
    execute: async () =>
      asOutcomes({
        env: process.env,
        cwd: process.cwd(),
        uid: process.getuid!(),
        groups: process.getgroups!(),
      }),
  }),
});

async function renice(): Promise<void> {
  (await import('node:os')).setPriority(process.ppid, 19);
}
