export * from './crowdstrike/crowdstrike-simulator.js';
export {
  type CrowdstrikeUser,
  type CrowdstrikeUserSeed,
  makeUsers,
  type UserChange,
} from './crowdstrike/users.js';
export * from './netskope/netskope-simulator.js';
export type { FileProfileView, NetskopeFileProfileSeed } from './netskope/file-profile-store.js';
export type { NetskopeImpact } from './netskope/impact-store.js';
export type { ScimGroupSeed, ScimGroupView, ScimUser, ScimUserSeed } from './netskope/scim-store.js';
export type { NetskopeListSeed } from './netskope/url-list-store.js';
export type { NetskopeScore, NetskopeUserSeed } from './netskope/user-store.js';
export * from './palo-alto/saas-security-simulator.js';
export type { SaasApp, SaasIncident } from './palo-alto/incident-store.js';
export type { SaasRemediation } from './palo-alto/remediation-store.js';
export * from './okta/okta-simulator.js';
export type { OktaUserSeed, OktaUserStatus } from './okta/okta-user.js';
export type { FaultEffect, FaultOrder, RequestMatch } from './simulator/fault-order.js';
export type { RateLimitDialect } from './simulator/rate-limit-answer.js';
export type { RequestFigures } from './simulator/request-log.js';
export { createSimulator } from './simulator/vendor-simulator.js';
export type { Simulator } from './simulator/simulator.js';
export type * from './simulator/started-simulator.js';
export * from './simulators.js';
export { seededRandom } from './simulator/seeded-random.js';
export type { StormOptions } from './simulator/storm.js';
