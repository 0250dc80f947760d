import type {
  HookContext,
  Invocation,
  InvocationResult,
  InvokeOptions,
  PluginRuntime,
  PluginTarget,
} from '@drover/engine';
import { asFault, toFaultRecord } from '@drover/model';
import {
  type Broker,
  DEFAULT_SANDBOX_LIMITS,
  HookInvocation,
  parseUntrustedJson,
  PluginCache,
  PluginPeer,
  refused,
} from '@drover/plugin-host';
import { PluginDispatcher, type ServedPlugins } from '@drover/plugin-sdk/dispatcher';
import { encodeFrame } from '@drover/plugin-sdk/frames';
import type { HostFrame } from '@drover/plugin-sdk/wire';

const HEADER_BYTES = 4;

/**
 * Runs plugins in this process: both sides of the wire are those of the sandbox, every frame goes through its bytes, and
 * only the process and its pipe are left out. So a mock of the network that patches one process works.
 */
export class InProcessPluginRuntime implements PluginRuntime {
  readonly #broker: Broker;
  readonly #plugins: ServedPlugins;
  readonly #cache = new PluginCache({ maxBytes: DEFAULT_SANDBOX_LIMITS.maxCacheBytes });
  #peer: PluginPeer;

  constructor(options: { broker: Broker; plugins: ServedPlugins }) {
    this.#broker = options.broker;
    this.#plugins = options.plugins;
    this.#peer = this.#connect();
  }

  async invoke(
    target: PluginTarget,
    context: HookContext,
    invocation: Invocation,
    options: InvokeOptions,
  ): Promise<InvocationResult> {
    try {
      const request = { target, context, invocation, options };
      const hook = await HookInvocation.open(request, { broker: this.#broker, cache: this.#cache });
      const peer = this.#peer;
      await peer.ready;
      return await peer.run(hook);
    } catch (thrown) {
      return refused(toFaultRecord(asFault(thrown)));
    }
  }

  async close(): Promise<void> {
    this.#peer.lose({ code: 'CANCELLED', message: 'The plugin runtime is closed.' });
  }

  #connect(): PluginPeer {
    const maxBytes = DEFAULT_SANDBOX_LIMITS.maxFrameBytes;
    const bytesOf = (frame: object) => encodeFrame(frame, maxBytes).subarray(HEADER_BYTES);
    const dispatcher: PluginDispatcher = new PluginDispatcher(this.#plugins, {
      send: (frame) => {
        const bytes = bytesOf(frame);
        queueMicrotask(() => receive(peer, bytes));
      },
    });
    const peer: PluginPeer = new PluginPeer(
      {
        send: (frame) => {
          const bytes = bytesOf(frame);
          queueMicrotask(() => dispatcher.receive(JSON.parse(bytes.toString('utf8')) as HostFrame));
        },
        // What was killed cannot be run on; the next hook gets a new other side.
        kill: () => (this.#peer = this.#connect()),
      },
      { limits: DEFAULT_SANDBOX_LIMITS },
    );
    receive(peer, bytesOf(dispatcher.hello()));
    return peer;
  }
}

function receive(peer: PluginPeer, bytes: Buffer): void {
  try {
    peer.receive(parseUntrustedJson(bytes), bytes.length);
  } catch (thrown) {
    peer.breach(thrown);
  }
}
