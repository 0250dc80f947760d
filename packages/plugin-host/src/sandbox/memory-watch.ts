import { readFile } from 'node:fs/promises';

/**
 * Watches the resident memory of a process and tells once when it is over the limit. V8's own limit does not bound
 * buffers, and the kernel's data limit counts reservations too. Where there is no /proc, it never tells.
 */
export class MemoryWatch {
  readonly #timer: NodeJS.Timeout;

  constructor(options: { pid: number; maxBytes: number; everyMs: number; onExceeded(bytes: number): void }) {
    const { pid, maxBytes, everyMs, onExceeded } = options;
    this.#timer = setInterval(() => {
      void residentBytes(pid).then((bytes) => {
        if (bytes === undefined || bytes <= maxBytes) return;
        this.stop();
        onExceeded(bytes);
      });
    }, everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
