import { describeLimitStoreContract } from '@drover/testing';
import { LocalLimitStore } from './local-limit-store.js';

describeLimitStoreContract('the memory of a process', async (now) => new LocalLimitStore(now));
