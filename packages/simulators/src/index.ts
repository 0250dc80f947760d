export * from './netskope/netskope-simulator.js';
export type { NetskopeListSeed } from './netskope/url-list-store.js';
export type { FaultEffect, FaultOrder, RequestMatch } from './simulator/fault-order.js';
export type { RateLimitDialect } from './simulator/rate-limit-answer.js';
export type { RequestFigures } from './simulator/request-log.js';
export type { Simulator } from './simulator/simulator.js';
export * from './simulators.js';
