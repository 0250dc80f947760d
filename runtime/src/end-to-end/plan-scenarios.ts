import { type StartedSimulator, type StartOptions, simulators } from '@drover/simulators';

/** What a plan of a plugin needs, and what it shows. */
export interface PlanScenario {
  type: string;
  subtype?: string;
  values: string[];
  config?: object;
  /** `HOOK METHOD CALL REQUESTS`, in the order in which a plan lists them. */
  shows: string[];
  /** Names that it would set on objects. */
  sets?: string[];
}

/** A vendor's folder below `plugins`, its simulator, and how a connection to that is made. */
export interface VendorScenarios {
  start(options: StartOptions): Promise<StartedSimulator>;
  /** Options of `drover connection create`; the simulator's token comes over standard input. */
  connection(simulator: StartedSimulator): string[];
  plugins: Record<string, PlanScenario>;
}

/** One entry for each vendor, and in it one for each action: a test fails for those that have none. */
export const PLAN_SCENARIOS: Record<string, VendorScenarios> = {
  netskope: {
    start: (options) => simulators.netskope.start(options),
    connection: ({ url }) => [
      '--vendor',
      'netskope',
      '--set',
      `baseUrl=${url}`,
      '--secret-stdin',
      'apiV2Token',
    ],
    plugins: {
      'netskope.export-file-profile-hashes': {
        type: 'indicator',
        subtype: 'MD5',
        values: ['0f343b0931126a20f133d67c2b018a3b', 'd41d8cd98f00b204e9800998ecf8427e'],
        config: { fileProfileName: 'Known bad' },
        shows: ['execute POST updateFileHashList 1'],
      },
      'netskope.manage-url-list': {
        type: 'indicator',
        subtype: 'FQDN',
        values: ['a.example.com', 'b.example.com'],
        config: { urlListName: 'Drover Blocklist', applyPendingChanges: true },
        shows: ['execute PATCH replaceUrls 1', 'finish POST deployUrlLists 1'],
      },
      'netskope.fetch-user-confidence-index-score': {
        type: 'indicator',
        subtype: 'Email Address',
        values: ['Ada@example.com', 'mallory@example.com'],
        shows: [],
        sets: ['User Confidence Index Score'],
      },
      'netskope.create-user-confidence-index-impact': {
        type: 'indicator',
        subtype: 'Email Address',
        values: ['ada@example.com', 'bob@example.com'],
        shows: ['execute POST createImpact 2'],
      },
      'netskope.scim-provision-users': {
        type: 'identity',
        values: ['ada@example.com', 'grace@example.com'],
        shows: ['execute POST createScimUser 1'],
        sets: ['Netskope SCIM ID'],
      },
      'netskope.scim-provision-group': {
        type: 'identity',
        values: ['grace@example.com', 'edsger@example.com'],
        config: { groupName: 'New' },
        shows: ['prepare POST createScimGroup 1'],
      },
      'netskope.scim-update-group-members': {
        type: 'identity',
        values: ['grace@example.com', 'edsger@example.com'],
        config: { groupName: 'Watched', operation: 'replace' },
        shows: ['execute PATCH patchScimGroup 1'],
        sets: ['Netskope SCIM ID'],
      },
    },
  },
  okta: {
    start: (options) => simulators.okta.start(options),
    connection: ({ url }) => ['--vendor', 'okta', '--set', `baseUrl=${url}`, '--secret-stdin', 'apiToken'],
    plugins: {
      'okta.take-action': {
        type: 'identity',
        values: ['ada@example.com', 'corp/edsger'],
        config: { action: 'deactivate', confirmDeactivate: true },
        shows: ['execute POST deactivateUser 2'],
      },
    },
  },
  crowdstrike: {
    start: (options) => simulators.crowdstrike.start(options),
    connection: ({ url }) => [
      '--vendor',
      'crowdstrike',
      '--set',
      `baseUrl=${url}`,
      '--set',
      'clientId=simulated-crowdstrike-client',
      '--secret-stdin',
      'clientSecret',
    ],
    plugins: {
      'crowdstrike.enrich-identity-risk': {
        type: 'identity',
        values: ['user1@example.com', 'user2@example.com'],
        shows: [],
        sets: ['Netskope Normalized Score', 'Risk Score', 'Score Band'],
      },
    },
  },
  'palo-alto-saas-security': {
    start: (options) => simulators['palo-alto-saas-security'].start(options),
    connection: ({ url }) => [
      '--vendor',
      'Palo Alto SaaS Security',
      '--set',
      `baseUrl=${url}`,
      '--set',
      'clientId=simulated-client',
      '--secret-stdin',
      'clientSecret',
    ],
    plugins: {
      'palo-alto-saas-security.close-incidents': {
        type: 'incident',
        values: ['1', '2'],
        config: { category: 'No Reason' },
        shows: ['execute POST closeIncident 2'],
      },
      'palo-alto-saas-security.remediate-assets': {
        type: 'asset',
        values: ['asset1', 'asset2'],
        config: { remediation: 'Quarantine' },
        shows: ['execute POST remediateAsset 2'],
      },
    },
  },
};
