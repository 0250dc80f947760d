export { BullDoorbell } from './bull-doorbell.js';
export { InProcessDoorbell } from './in-process-doorbell.js';
export { PostgresRings } from './postgres-rings.js';
export { RedisRings } from './redis-rings.js';
export { RedisLimitStore, type RedisLimitStoreOptions } from './redis-limit-store.js';
export { parseRedisUrl } from './redis-url.js';
export type { RingStore, RingStoreOptions } from './ring-store.js';
