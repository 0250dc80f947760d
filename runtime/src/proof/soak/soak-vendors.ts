import {
  createNetskopeSimulator,
  createSaasSecuritySimulator,
  type FaultOrder,
  type NetskopeState,
  type SaasSecuritySimulator,
  type Simulator,
} from '@drover/simulators';
import { LIST, scoreOf } from '../site-vendors.js';
import { profileOf, type SoakSize, usersOf } from './soak-size.js';

const DAY_MS = 86_400_000;
const LATENCY_MS = 20;
const REMEDIATION_MS = 2_000;
/** How many of the faults are Netskope's, which gets most of the requests. */
const NETSKOPE_SHARE = 0.7;

export const TOKEN = 'token-of-the-simulated-tenant';
export const CLIENT = { clientId: 'client-of-the-soak', clientSecret: 'secret-of-the-soak' };

/** The simulated vendors of a soak. Incidents are brought by a feed, and their assets remediated. */
export class SoakVendors {
  readonly netskope: Simulator<NetskopeState>;
  readonly saas: SaasSecuritySimulator;
  #incidents: number;
  #edits = 0;
  readonly #urls: string[] = [];

  constructor(size: SoakSize) {
    const start = Date.now() - DAY_MS;
    this.#incidents = size.assets;
    this.netskope = createNetskopeSimulator({
      token: TOKEN,
      latencyMs: LATENCY_MS,
      lists: [{ name: LIST }],
      fileProfiles: Array.from({ length: size.exports }, (_, n) => ({ name: profileOf(n) })),
      users: usersOf(size).map((userId, n) => ({ userId, scores: [{ start, score: scoreOf(n) }] })),
    });
    this.saas = createSaasSecuritySimulator({
      ...CLIENT,
      incidents: size.assets,
      latencyMs: LATENCY_MS,
      remediationMs: REMEDIATION_MS,
    });
  }

  /** Where each of them is. */
  async listen(): Promise<{ netskope: string; saas: string }> {
    const netskope = await this.netskope.listen();
    const saas = await this.saas.listen();
    this.#urls.push(netskope, saas);
    return { netskope, saas };
  }

  /** Something happens at the vendor: a new incident, and a change of an old one. */
  live(): void {
    this.#incidents += 1;
    this.#edits += 1;
    this.saas.addIncident(this.#incidents, { updated_at: new Date().toISOString() });
    // Of a moment of its own: the API tells neither of two of one moment before the other.
    const updated_at = new Date(Date.now() + 1).toISOString();
    const id = 1 + ((this.#edits * 7) % this.#incidents);
    this.saas.changeIncident(id, { assigned_to: `analyst${this.#edits}@example.com`, updated_at });
  }

  /** @param which from 0 to 1: which of the vendors it is about */
  order(fault: FaultOrder, which: number): void {
    if (which < NETSKOPE_SHARE) this.netskope.order(fault);
    else this.saas.order(fault);
  }

  /** Withdraws the faults that were ordered and have struck nothing yet. */
  async calm(): Promise<void> {
    for (const url of this.#urls) await fetch(`${url}/__sim/faults`, { method: 'DELETE' });
  }

  async close(): Promise<void> {
    await this.netskope.close();
    await this.saas.close();
  }
}
