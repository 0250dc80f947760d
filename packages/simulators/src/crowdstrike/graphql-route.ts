import type { FastifyInstance } from 'fastify';
import { execute, GraphQLError, parse, validate } from 'graphql';
import { identitySchema, rootOf, type Tenant } from './identity-schema.js';
import type { PointsBudget } from './points-budget.js';
import { VendorRefusal } from './vendor-refusal.js';

export const GRAPHQL_PATH = '/identity-protection/combined/graphql/v1';

interface Answer {
  data?: unknown;
  errors?: readonly GraphQLError[];
}

interface Request {
  query: string;
  variables: Record<string, unknown>;
}

/** GraphQL as the vendor runs it: what goes wrong inside of a query is told with status 200. */
export function addGraphqlRoute(
  app: FastifyInstance,
  tenant: () => Omit<Tenant, 'counted'> & { points: PointsBudget },
): void {
  const schema = identitySchema();
  app.post(GRAPHQL_PATH, async (request, reply) => {
    const startedAt = performance.now();
    const { points, ...known } = tenant();
    const asked = readRequest(request.body);
    let nodes = 0;
    const root = rootOf({ ...known, counted: (count) => (nodes += count) });
    const answer = points.hasSome ? await answerTo(asked, { schema, root }) : outOfPoints();
    const left = points.spend(answer.errors === undefined ? 1 + nodes : 0);
    const extensions = { runtime: Math.round(performance.now() - startedAt), ...left };
    return reply.send({ data: null, ...answer, extensions });
  });
}

function readRequest(body: unknown): Request {
  if (typeof body !== 'object' || body === null)
    throw new VendorRefusal(400, 'the body must be a JSON object');
  const { query, variables, ...rest } = body as Record<string, unknown>;
  if (typeof query !== 'string') throw new VendorRefusal(400, 'query is required');
  if (Object.keys(rest).length > 0)
    throw new VendorRefusal(400, `unknown field ${Object.keys(rest).join(', ')}`);
  if (variables !== undefined && (typeof variables !== 'object' || variables === null)) {
    throw new VendorRefusal(400, 'variables must be an object');
  }
  return { query, variables: (variables ?? {}) as Record<string, unknown> };
}

async function answerTo(
  { query, variables }: Request,
  { schema, root }: { schema: ReturnType<typeof identitySchema>; root: object },
): Promise<Answer> {
  try {
    const document = parse(query);
    const problems = validate(schema, document);
    if (problems.length > 0) return { errors: problems.map(asValidation) };
    return (await execute({ schema, document, rootValue: root, variableValues: variables })) as Answer;
  } catch (error) {
    return { errors: [asValidation(error as GraphQLError)] };
  }
}

function asValidation(error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
  });
}

function outOfPoints(): Answer {
  const extensions = { code: 'RATE_LIMITED' };
  return { errors: [new GraphQLError('The points of this period are used up', { extensions })] };
}
