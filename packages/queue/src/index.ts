export { InProcessDoorbell } from './in-process-doorbell.js';
export { RedisDoorbell, type RedisDoorbellOptions } from './redis-doorbell.js';
export { RedisLimitStore, type RedisLimitStoreOptions } from './redis-limit-store.js';
export { parseRedisUrl } from './redis-url.js';
