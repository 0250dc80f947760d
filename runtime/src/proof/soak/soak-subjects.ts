import { LIST } from '../site-vendors.js';
import { profileOf, type SoakSize, usersOf } from './soak-size.js';
import type { SoakVendors } from './soak-vendors.js';

/** What is offered to which action, over the time of a soak. */
export interface SoakSubject {
  /** Of the action, and of the collection. */
  name: string;
  action: string;
  connection: 'netskope' | 'saas';
  config: Record<string, unknown>;
  /** Lines of an import as JSON Lines. */
  objects: object[];
  values: string[];
  /** How many runs the pass is cut into at least. */
  slices: number;
  /** From 0 to 1: when in the time of the soak the first run is asked for. */
  startsAt: number;
  mayRepeat: boolean;
  /** What succeeds leaves attributes here, and nothing at the vendor. */
  writesAtHome?: boolean;
  heldIn?(vendors: SoakVendors): string[];
}

const SECONDS_OF_SLICE = 6;

/** What a soak of so many seconds runs. */
export function subjectsOf(size: SoakSize, seconds: number, vendors: SoakVendors): SoakSubject[] {
  const slices = Math.max(2, Math.round(seconds / SECONDS_OF_SLICE));
  return [
    urlList(size, slices),
    scores(size, slices),
    impacts(size, slices),
    remediation(size, slices, vendors),
    ...Array.from({ length: size.exports }, (_, n) => hashExport(size, n)),
  ];
}

function urlList({ hosts }: SoakSize, slices: number): SoakSubject {
  const values = Array.from({ length: hosts }, (_, n) => `host${n}.example.com`);
  return {
    name: 'url-list',
    action: 'netskope.manage-url-list',
    connection: 'netskope',
    config: { urlListName: LIST },
    objects: values.map((value) => ({ type: 'indicator', subtype: 'FQDN', value })),
    values,
    slices,
    startsAt: 0,
    mayRepeat: true,
    heldIn: ({ netskope }) => netskope.state().lists.find(({ name }) => name === LIST)!.urls,
  };
}

function scores(size: SoakSize, slices: number): SoakSubject {
  const values = usersOf(size);
  return {
    name: 'uci-scores',
    action: 'netskope.fetch-user-confidence-index-score',
    connection: 'netskope',
    config: {},
    objects: values.map((value) => ({ type: 'identity', value })),
    values,
    slices,
    startsAt: 0,
    mayRepeat: true,
    writesAtHome: true,
  };
}

function impacts({ payees }: SoakSize, slices: number): SoakSubject {
  const values = Array.from({ length: payees }, (_, n) => `payee${n}@example.com`);
  return {
    name: 'impacts',
    action: 'netskope.create-user-confidence-index-impact',
    connection: 'netskope',
    config: {},
    objects: values.map((value) => ({ type: 'identity', value })),
    values,
    slices,
    startsAt: 0,
    mayRepeat: false,
    heldIn: ({ netskope }) => netskope.state().impacts.map(({ user }) => user),
  };
}

function remediation({ assets }: SoakSize, slices: number, { saas }: SoakVendors): SoakSubject {
  const ids = saas
    .state()
    .incidents.slice(0, assets)
    .map(({ asset_id }) => asset_id);
  const valueOf = new Map(ids.map((id, n) => [id, `asset/${n}`]));
  return {
    name: 'remediation',
    action: 'palo-alto-saas-security.remediate-assets',
    connection: 'saas',
    config: { remediation: 'Quarantine', pollSeconds: 1 },
    objects: ids.map((asset_id) => ({
      type: 'incident',
      value: valueOf.get(asset_id),
      attributes: { asset_id },
    })),
    values: [...valueOf.values()],
    slices,
    startsAt: 0,
    mayRepeat: true,
    heldIn: (vendors) => vendors.saas.state().remediations.map(({ assetId }) => valueOf.get(assetId)!),
  };
}

/** One call for all of a collection, so that each has a collection of its own. */
function hashExport({ hashes, exports }: SoakSize, nth: number): SoakSubject {
  const values = Array.from({ length: hashes }, (_, n) => (nth * hashes + n).toString(16).padStart(32, '0'));
  const profile = profileOf(nth);
  return {
    name: `hash-export-${nth}`,
    action: 'netskope.export-file-profile-hashes',
    connection: 'netskope',
    config: { fileProfileName: profile },
    objects: values.map((value) => ({ type: 'indicator', subtype: 'MD5', value })),
    values,
    slices: 1,
    startsAt: nth / exports,
    mayRepeat: true,
    heldIn: ({ netskope }) => netskope.state().fileProfiles.find(({ name }) => name === profile)!.hashes,
  };
}
