import type { CollectionName } from './site-collections.js';
import type { SiteVendors, VendorName } from './site-vendors.js';

/** What is offered to which action, and where the vendor shows what came of it. */
export interface Subject {
  vendor: VendorName;
  /** The collection that is offered. */
  collection: CollectionName;
  /** What opens the pass, or takes its next slice, until it is finished. */
  goOn: string[];
  /** Whether its writes may be repeated: what a dead process has sent may then be offered again. */
  mayRepeat: boolean;
  /** Values that the vendor holds, each as often as it was written; absent where nothing is written. */
  heldIn?(vendors: SiteVendors): string[];
}
