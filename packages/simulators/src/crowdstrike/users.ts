/** A user as Falcon Identity Protection knows it. */
export interface CrowdstrikeUserSeed {
  primaryDisplayName: string;
  /** Default: none. */
  secondaryDisplayName?: string;
  /** In the order of answers. Default: none. */
  emailAddresses?: string[];
  /** 0 (no risk) to 1. Default `null`: not scored. */
  riskScore?: number | null;
  /** Default false. */
  archived?: boolean;
  /** When the account was made, ISO 8601. Default: a minute after the seed before it, from 2024 on. */
  creationTime?: string;
}

export interface CrowdstrikeUser {
  readonly entityId: string;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  primaryDisplayName: string;
  secondaryDisplayName: string | null;
  emailAddresses: string[];
  riskScore: number | null;
  archived: boolean;
}

/** What may become of a user. */
export type UserChange = Partial<
  Pick<CrowdstrikeUser, 'riskScore' | 'archived' | 'emailAddresses' | 'primaryDisplayName'>
>;

const FIRST_ACCOUNT_MS = Date.UTC(2024, 0, 1);
const MINUTE_MS = 60_000;
/** The newest made-up account is an hour old. */
const NEWEST_AGE_MS = 3_600_000;
const AGE_MS = 3 * 365 * 86_400_000;

export function newUser(seed: CrowdstrikeUserSeed, index: number): CrowdstrikeUser {
  const { creationTime } = seed;
  return {
    entityId: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    createdAtMs: creationTime === undefined ? FIRST_ACCOUNT_MS + index * MINUTE_MS : Date.parse(creationTime),
    primaryDisplayName: seed.primaryDisplayName,
    secondaryDisplayName: seed.secondaryDisplayName ?? null,
    emailAddresses: seed.emailAddresses ?? [],
    riskScore: seed.riskScore ?? null,
    archived: seed.archived ?? false,
  };
}

/**
 * So many users that a pull takes (unarchived, with an address), the same ones each time: every tenth has a second address,
 * every fortieth no score. Among them, one in a hundred without an address and one in a hundred archived come on top. Accounts
 * were made over the three years before `nowMs`.
 */
export function makeUsers(count: number, nowMs: number): CrowdstrikeUserSeed[] {
  const stepMs = (AGE_MS - NEWEST_AGE_MS) / Math.max(1, count);
  return Array.from({ length: count }, (_, n) => {
    const creationTime = new Date(nowMs - NEWEST_AGE_MS - (count - 1 - n) * stepMs).toISOString();
    const user = madeUser(n, creationTime);
    if (n % 100 !== 99) return [user];
    const service = { primaryDisplayName: `Service ${n}`, riskScore: 0.4, creationTime };
    const gone = { ...user, emailAddresses: [`gone${n}@example.com`], archived: true };
    return [user, service, gone];
  }).flat();
}

function madeUser(n: number, creationTime: string): CrowdstrikeUserSeed {
  const address = `user${n}@example.com`;
  return {
    primaryDisplayName: `User ${n}`,
    secondaryDisplayName: `EXAMPLE\\user${n}`,
    emailAddresses: n % 10 === 9 ? [address, `user${n}.alias@example.com`] : [address],
    // Spread evenly, with more decimals than anybody needs, as the vendor's are.
    riskScore: n % 40 === 39 ? null : ((n * 2_654_435_761) % 1_000_003) / 1_000_003,
    creationTime,
  };
}
