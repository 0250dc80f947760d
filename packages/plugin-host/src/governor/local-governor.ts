import { LocalLimitStore } from './local-limit-store.js';
import { type GovernorOptions, VendorGovernor } from './vendor-governor.js';

export type LocalGovernorOptions = Omit<GovernorOptions, 'store'>;

/** The governor of one process that shares its vendors' budgets with no other. */
export class LocalGovernor extends VendorGovernor {
  constructor(options: LocalGovernorOptions = {}) {
    super({ ...options, store: new LocalLimitStore(options.now) });
  }
}
