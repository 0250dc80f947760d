/**
 * What the queue in Redis stands on, as a module of its own that is loaded when a Redis is first used. Both are CommonJS: a
 * bundle that imports them dynamically by themselves would find their default export alone.
 */
export { Queue } from 'bullmq';
export { Cluster, Redis } from 'ioredis';
export { PatientWorker } from './patient-worker.js';
