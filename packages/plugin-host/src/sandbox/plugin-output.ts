import type { Readable } from 'node:stream';
import { MAX_LOG_MESSAGE } from '@drover/plugin-sdk/wire';

export interface PluginOutputOptions {
  streams: (Readable | null)[];
  maxBytes: number;
  onLine(line: string): void;
  onFlood(): void;
}

/** What a plugin process prints, line by line. */
export class PluginOutput {
  readonly #options: PluginOutputOptions;
  #lastLine: string | undefined;
  #fatalLine: string | undefined;
  #printed = 0;

  constructor(options: PluginOutputOptions) {
    this.#options = options;
    for (const stream of options.streams) if (stream) this.#follow(stream);
  }

  /** What it printed last. V8 prints why it gives up, and then a trace that says little: of that, the first line. */
  get lastWords(): string | undefined {
    return this.#fatalLine ?? this.#lastLine;
  }

  /** Starts counting anew: each hook may print as much as the one before. */
  forgive(): void {
    this.#printed = 0;
  }

  #follow(stream: Readable): void {
    let open = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#printed += text.length;
      if (this.#printed > this.#options.maxBytes) return this.#options.onFlood();
      const lines = text.split('\n');
      lines[0] = open + lines[0];
      // A line that never ends is cut, not gathered.
      open = (lines.pop() as string).slice(0, MAX_LOG_MESSAGE);
      for (const line of lines) this.#take(line);
    });
    stream.on('end', () => this.#take(open));
  }

  #take(text: string): void {
    const line = text.slice(0, MAX_LOG_MESSAGE);
    if (line.trim() === '') return;
    this.#lastLine = line;
    if (/^(# )?fatal /i.test(line)) this.#fatalLine ??= line;
    this.#options.onLine(line);
  }
}
