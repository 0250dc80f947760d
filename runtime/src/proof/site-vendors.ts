import {
  createNetskopeSimulator,
  createOktaSimulator,
  type NetskopeState,
  type OktaState,
  type Simulator,
} from '@drover/simulators';
import { type SiteSize, valuesOf } from './site-collections.js';

const TOKEN = 'token-of-the-simulated-tenant';
const DAY_MS = 86_400_000;

export const LIST = 'Blocked';
export const PROFILE = 'Known bad';
export const GROUP = 'Watched';
/** Of a group that is not there at the start. */
export const NEW_GROUP = 'Newcomers';

/** Vendors that a site can have; each is a folder below `plugins`. */
export const VENDOR_NAMES = ['netskope', 'okta'] as const;
export type VendorName = (typeof VENDOR_NAMES)[number];

/** The secrets of a connection to each of them. All hold the same token. */
export const SECRETS_OF: Record<VendorName, string[]> = {
  netskope: ['apiV2Token', 'apiV1Token'],
  okta: ['apiToken'],
};

/** The simulated vendors of a site, each made when it is first asked for. */
export class SiteVendors {
  readonly token = TOKEN;
  readonly #size: SiteSize;
  #netskope: Simulator<NetskopeState> | undefined;
  #okta: Simulator<OktaState> | undefined;

  constructor(size: SiteSize) {
    this.#size = size;
  }

  /** Has a score for each of the users, and each of the staff as a SCIM user whose id is the name. */
  get netskope(): Simulator<NetskopeState> {
    const start = Date.now() - DAY_MS;
    return (this.#netskope ??= createNetskopeSimulator({
      token: TOKEN,
      lists: [{ name: LIST }],
      fileProfiles: [{ name: PROFILE }],
      users: valuesOf('users', this.#size).map((userId, n) => ({
        userId,
        scores: [{ start, score: scoreOf(n) }],
      })),
      scim: {
        users: valuesOf('staff', this.#size).map((userName) => ({ id: userName, userName })),
        groups: [{ displayName: GROUP }],
      },
    }));
  }

  /** Has each of the users, all of them active. */
  get okta(): Simulator<OktaState> {
    return (this.#okta ??= createOktaSimulator({
      token: TOKEN,
      users: valuesOf('users', this.#size).map((login) => ({ login })),
    }));
  }
}

/** The score that the simulated tenant has for the n-th user. */
export function scoreOf(n: number): number {
  return 100 + n;
}
