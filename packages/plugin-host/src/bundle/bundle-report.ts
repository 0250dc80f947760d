import type { BundleSummary, VerifiedBundle } from '@drover/engine';
import type {
  AcceptedType,
  AuthSpec,
  CallDelivery,
  CallEffect,
  EmittedAttribute,
  LimitsSpec,
  PluginKind,
  PluginManifest,
  Trigger,
} from '@drover/model';
import { readBundle, type ReadBundleOptions } from './read-bundle.js';

/** What a verified bundle holds and would be allowed to do, as `drover plugin verify` prints it. */
export interface BundleReport extends BundleSummary {
  /** Bytes of the zip. */
  size: number;
  /** In the order in which they get their action IDs. */
  plugins: PluginReport[];
}

export interface PluginReport {
  pluginId: string;
  version: string;
  name: string;
  kind: PluginKind;
  engines: string;
  protocol: number;
  accepts: AcceptedType[];
  emits: EmittedAttribute[];
  triggers: Trigger[];
  limits: LimitsSpec;
  /** Every call that its code can make; the broker refuses any other. */
  calls: CallReport[];
  /**
   * Where the calls go: always below the connection's base URL, or the same path at another cloud of the vendor. `preset`
   * are the base URLs that the manifest offers, as default, constant or choice, and its clouds; the base URL is free when
   * there are none.
   */
  hosts: { from: 'connection'; preset: string[] };
  /** Names of the secrets that a connection of it holds. */
  secrets: string[];
}

export interface CallReport {
  name: string;
  request: string;
  purpose: string;
  effect: CallEffect;
  delivery: CallDelivery;
  blastRadius?: string;
}

/** Checks a bundle as an install would and says what it holds. Refuses what `readBundle` refuses. */
export async function verifyBundle(zip: Uint8Array, options: ReadBundleOptions): Promise<BundleReport> {
  return reportOf(await readBundle(zip, options));
}

/** The report of a bundle that is verified already. */
export function reportOf({ digest, zip, bundle, plugins }: VerifiedBundle): BundleReport {
  return { digest, size: zip.length, bundle, plugins: plugins.map(pluginReport) };
}

function pluginReport(manifest: PluginManifest): PluginReport {
  return {
    pluginId: manifest.id,
    version: manifest.version,
    name: manifest.name,
    kind: manifest.kind,
    engines: manifest.engines.drover,
    protocol: manifest.protocol,
    accepts: manifest.accepts ?? [],
    emits: manifest.emits ?? [],
    triggers: manifest.triggers,
    limits: manifest.limits,
    calls: manifest.calls.map(({ name, method, path, purpose, effect, delivery, blastRadius }) => ({
      name,
      request: `${method} ${path}`,
      purpose,
      effect,
      delivery,
      ...(blastRadius === undefined ? {} : { blastRadius }),
    })),
    hosts: { from: 'connection', preset: presetBaseUrls(manifest) },
    secrets: [...new Set(Object.values(manifest.connection.auth).flatMap(secretOf))],
  };
}

function secretOf(auth: AuthSpec): string[] {
  return auth.type === 'none' ? [] : [auth.secret];
}

function cloudsOf(auth: AuthSpec): string[] {
  const region = auth.type === 'oauth2-client-credentials' ? auth.region : undefined;
  return Object.values(region?.hosts ?? {}).map((host) => `https://${host}`);
}

function presetBaseUrls({ connection }: PluginManifest): string[] {
  const properties = connection.schema.properties as Record<string, Record<string, unknown>> | undefined;
  const baseUrl = properties?.baseUrl ?? {};
  const choices = Array.isArray(baseUrl.enum) ? (baseUrl.enum as unknown[]) : [];
  const urls = [
    baseUrl.const,
    baseUrl.default,
    ...choices,
    ...Object.values(connection.auth).flatMap(cloudsOf),
  ];
  return [...new Set(urls.filter((url) => typeof url === 'string'))];
}
