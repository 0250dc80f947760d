import { buildSchema, GraphQLError, type GraphQLSchema } from 'graphql';
import type { Cursors } from './cursor.js';
import { positionOf, type SortKey, type UserBook } from './user-book.js';
import type { CrowdstrikeUser } from './users.js';

/** The part of the vendor's schema that is known from published queries. */
const SDL = `
  scalar Cursor
  scalar DateTime
  scalar DateTimeInput

  enum EntityType { USER ENDPOINT }
  enum EntitySortKey { CREATION_TIME PRIMARY_DISPLAY_NAME }
  enum SortOrder { ASCENDING DESCENDING }
  enum ScoreSeverity { NORMAL MEDIUM HIGH }

  interface Entity {
    entityId: ID!
    type: EntityType!
    primaryDisplayName: String!
    secondaryDisplayName: String
    riskScore: Float
    riskScoreSeverity: ScoreSeverity
    archived: Boolean!
    creationTime: DateTime!
  }

  type UserEntity implements Entity {
    entityId: ID!
    type: EntityType!
    primaryDisplayName: String!
    secondaryDisplayName: String
    riskScore: Float
    riskScoreSeverity: ScoreSeverity
    archived: Boolean!
    creationTime: DateTime!
    emailAddresses: [String!]
  }

  type PageInfo { hasNextPage: Boolean! endCursor: Cursor }
  type EntityConnection { nodes: [Entity!]! pageInfo: PageInfo! }

  type Query {
    entities(
      types: [EntityType!]
      archived: Boolean
      emailAddresses: [String!]
      accountCreationStartTime: DateTimeInput
      sortKey: EntitySortKey = PRIMARY_DISPLAY_NAME
      sortOrder: SortOrder = ASCENDING
      first: Int
      after: Cursor
    ): EntityConnection!
  }
`;

export function identitySchema(): GraphQLSchema {
  return buildSchema(SDL);
}

interface EntitiesArguments {
  types?: string[] | null;
  archived?: boolean | null;
  emailAddresses?: string[] | null;
  accountCreationStartTime?: unknown;
  sortKey: SortKey;
  sortOrder: 'ASCENDING' | 'DESCENDING';
  first?: number | null;
  after?: unknown;
}

export interface Tenant {
  users: UserBook;
  cursors: Cursors;
  maxPage: number;
  /** Told how many nodes were answered with. */
  counted(nodes: number): void;
}

/** The resolvers of one query. */
export function rootOf({ users, cursors, maxPage, counted }: Tenant): object {
  return {
    entities(given: EntitiesArguments) {
      const { first, after, ...rest } = given;
      if (first === undefined || first === null || first < 1 || first > maxPage) {
        throw badInput(`first must be from 1 to ${maxPage}`);
      }
      const { sortKey, sortOrder } = given;
      const asked = given.types ?? ['USER'];
      const { users: found, hasNextPage } = asked.includes('USER')
        ? users.page({
            archived: given.archived ?? undefined,
            emailAddresses: given.emailAddresses
              ? new Set(given.emailAddresses.map((address) => users.addressKey(address)))
              : undefined,
            createdSinceMs: timeOf(given.accountCreationStartTime),
            sortKey,
            descending: sortOrder === 'DESCENDING',
            after: after === undefined || after === null ? undefined : positionAt(cursors, after, rest),
            first,
          })
        : { users: [], hasNextPage: false };
      counted(found.length);
      const last = found.at(-1);
      const endCursor = last === undefined ? null : cursors.write(positionOf(last, sortKey), rest);
      return { nodes: found.map(nodeOf), pageInfo: { hasNextPage, endCursor } };
    },
  };
}

function positionAt(
  cursors: Cursors,
  after: unknown,
  query: object,
): Exclude<ReturnType<Cursors['read']>, string> {
  const position = cursors.read(String(after), query);
  if (typeof position !== 'string') return position;
  throw new GraphQLError(position, { extensions: { code: 'INVALID_CURSOR' } });
}

function timeOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(String(value))
    ? Date.parse(String(value))
    : NaN;
  if (Number.isNaN(timeMs)) throw badInput('accountCreationStartTime is no time');
  return timeMs;
}

function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

function nodeOf(user: CrowdstrikeUser): object {
  const { createdAtMs, ...rest } = user;
  return {
    __typename: 'UserEntity',
    ...rest,
    type: 'USER',
    riskScoreSeverity: severityOf(user.riskScore),
    creationTime: new Date(createdAtMs).toISOString(),
  };
}

function severityOf(riskScore: number | null): string | null {
  if (riskScore === null) return null;
  if (riskScore < 0.4) return 'NORMAL';
  return riskScore < 0.7 ? 'MEDIUM' : 'HIGH';
}
