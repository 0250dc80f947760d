import { SandboxedPluginRuntime } from '../src/sandbox/sandboxed-plugin-runtime.js';
import { FakeBroker } from './fake-broker.js';
import { contextOf, executeOf, optionsOf, targetOf } from './invocations.js';

/** A host that runs a plugin which loops and one which waits, until the test kills it. Prints what they print. */
const folder = process.argv[2] as string;
const runtime = new SandboxedPluginRuntime({
  broker: new FakeBroker(),
  bundleFolder: async () => folder,
  logger: { debug: (fields) => process.stdout.write(`${String(fields.line)}\n`), warn: () => {} },
});
for (const plugin of ['loops', 'waits']) {
  void runtime.invoke(targetOf(plugin, { digest: plugin }), contextOf(), executeOf([]), optionsOf());
}
