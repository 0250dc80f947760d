import { spawn } from 'node:child_process';
import { join, relative } from 'node:path';

/** Runs `drover` as a user would, and shows each command before it runs. */
export class Commands {
  #root;
  #dataDir;
  #signal;

  /** @param signal ends every command that still runs */
  constructor({ root, dataDir, signal }) {
    this.#root = root;
    this.#dataDir = dataDir;
    this.#signal = signal;
  }

  /** Runs a command and returns the JSON document that it ends with. Other exit codes than those accepted are errors. */
  run(args, options = {}) {
    const given = options.stdin === undefined ? '' : `printf %s ${quoted(options.stdin)} | `;
    process.stdout.write(`  $ ${given}${this.shownLine(args)}\n`);
    return this.quietly(args, options);
  }

  /** As `run`, without showing it. */
  async quietly(args, { stdin = '', accept = [0] } = {}) {
    const child = this.#spawn(args);
    // A command that ends without reading closes the pipe.
    child.stdin.on('error', () => undefined).end(stdin);
    const [out, problems, code] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      endOf(child),
    ]);
    if (!accept.includes(code)) {
      throw new Error(`${this.shownLine(args)}\nended with ${code}.\n${problems}${out}`);
    }
    return JSON.parse(out.trimEnd().split('\n').at(-1));
  }

  /** Starts a command that serves until the end, and returns the JSON document that it says first. */
  async start(args) {
    process.stdout.write(`  $ ${this.shownLine(args)}\n`);
    const child = this.#spawn(args);
    child.stdin.end();
    child.stderr.pipe(process.stderr);
    endOf(child).catch(() => undefined);
    let said = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      said += chunk;
      if (said.includes('\n')) return JSON.parse(said.split('\n')[0]);
    }
    throw new Error(`${this.shownLine(args)}\nended before it served.`);
  }

  /** A command as it is typed in the repository. */
  shownLine(args) {
    const words = [...args, '--data-dir', this.#dataDir].map((word) => quoted(this.shownPath(word)));
    return `npx drover ${words.join(' ')}`;
  }

  /** A path below the repository is shown from there. */
  shownPath(path) {
    return path.startsWith(join(this.#root, '/')) ? relative(this.#root, path) : path;
  }

  #spawn(args) {
    const bin = join(this.#root, 'runtime', 'bin', 'drover.mjs');
    return spawn(process.execPath, [bin, ...args, '--data-dir', this.#dataDir, '--json'], {
      cwd: this.#root,
      env: withoutSettings(process.env),
      signal: this.#signal,
    });
  }
}

/** Settings of Drover in the environment are for other data than ours. */
function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('DROVER_')));
}

function endOf(child) {
  return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
}

async function textOf(stream) {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}

function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}
