import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from './compose-file.js';

/** A container, as plain processes: what its service says, with this machine's folders and ports in the place of its own. */
export class ComposeContainer {
  /** @param places what stands for which folder, address or port */
  constructor(
    readonly service: Service,
    readonly places: ReadonlyMap<string, string>,
  ) {}

  /** A volume is one folder for all that mount it; memory is a new one each time. */
  static async open(
    service: Service,
    { folder, places }: { folder: string; places: Iterable<[string, string]> },
  ): Promise<ComposeContainer> {
    const mounts: [string, string][] = [];
    for (const [source, target] of (service.volumes ?? []).map((mount) => mount.split(':'))) {
      const here = join(folder, source!.startsWith('./') ? '' : 'volumes', source!);
      await mkdir(here, { recursive: true });
      mounts.push([target!, here]);
    }
    for (const [target] of (service.tmpfs ?? []).map((mount) => mount.split(':'))) {
      // A machine has a /tmp of its own.
      if (target !== '/tmp') mounts.push([target!, await mkdtemp(join(folder, 'memory-'))]);
    }
    return new ComposeContainer(service, new Map([...mounts, ...places]));
  }

  get environment(): Record<string, string> {
    const entries = Object.entries(this.service.environment ?? {});
    return Object.fromEntries(entries.map(([name, value]) => [name, this.here(value)]));
  }

  get command(): string[] {
    return this.service.command!.map((word) => this.here(word));
  }

  /** What stands for a folder, an address or a port. */
  place(there: string): string {
    const here = this.places.get(there);
    if (here === undefined) throw new Error(`Nothing is mounted at ${there}, and nothing listens there.`);
    return here;
  }

  /** A text with what stands here for each folder, address and port; no part of a longer path or number is taken for one. */
  here(text: string): string {
    const known = [...this.places.keys()].map((there) => there.replaceAll('.', '\\.'));
    const pattern = new RegExp(`(?<![\\w./-])(${known.join('|')})(?![\\w.-])`, 'g');
    return text.replaceAll(pattern, (there) => this.place(there));
  }
}
