import { Socket } from 'node:net';
import { PluginDispatcher, type ServedPlugins } from './dispatcher.js';
import { encodeFrame, FrameReader, FrameWriter } from './frames.js';
import { type HostFrame, MAX_FRAME_BYTES } from './wire.js';

/** The extra pipe that the host opens for frames; standard output stays the plugin's own. */
const FRAME_PIPE = 3;
/** How long a dying process tries to get its last words out. */
const LAST_WORDS_MS = 500;

/**
 * Serves plugins to the host that started this process: the one statement of a bundle's generated entry. Returns at
 * once; the process ends when the host closes the pipe.
 */
export function servePlugins(plugins: ServedPlugins): void {
  const pipe = new Socket({ fd: FRAME_PIPE, readable: true, writable: true });
  const writer = new FrameWriter(pipe);
  const reader = new FrameReader({ maxBytes: MAX_FRAME_BYTES });
  const dispatcher = new PluginDispatcher(plugins, {
    send: (frame) => writer.write(encodeFrame(frame, MAX_FRAME_BYTES)),
  });

  const die = (thrown: unknown): void => {
    const message = ((thrown as Error | undefined)?.stack ?? String(thrown)).slice(0, 4_000);
    pipe.end(encodeFrame({ kind: 'fatal', message }, MAX_FRAME_BYTES), () => process.exit(1));
    setTimeout(() => process.exit(1), LAST_WORDS_MS);
  };
  process.on('uncaughtException', die);

  pipe.on('data', (chunk: Buffer) => {
    for (const frame of reader.read(chunk))
      dispatcher.receive(JSON.parse(frame.toString('utf8')) as HostFrame);
  });
  // The host is gone (or has closed this sandbox): there is nobody left to work for.
  pipe.on('close', () => process.exit(0));
  pipe.on('error', () => process.exit(1));

  pipe.write(encodeFrame(dispatcher.hello(), MAX_FRAME_BYTES));
}
