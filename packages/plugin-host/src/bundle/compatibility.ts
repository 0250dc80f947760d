import { checkEngine } from '@drover/manifest';
import { Fault, type PluginManifest, WIRE_PROTOCOL } from '@drover/model';

type Requirements = Pick<PluginManifest, 'id' | 'engines' | 'protocol'>;

/**
 * Whether this version of Drover can run the plugins. Asked at install and again when a plugin is loaded, since Drover
 * may have been replaced in between. Faults: `ENGINE_MISMATCH`, `PROTOCOL_UNSUPPORTED`.
 */
export function checkCompatible(plugins: readonly Requirements[], droverVersion: string): void {
  for (const { id, engines, protocol } of plugins) {
    const mismatch = checkEngine(engines.drover, droverVersion);
    if (mismatch !== undefined) {
      throw new Fault(mismatch.code, `${id}: ${mismatch.message}`, { path: mismatch.path });
    }
    if (protocol !== WIRE_PROTOCOL) {
      throw new Fault(
        'PROTOCOL_UNSUPPORTED',
        `The plugin ${id} speaks wire protocol ${protocol}; this version of Drover speaks ${WIRE_PROTOCOL}.`,
        { path: '/protocol' },
      );
    }
  }
}
