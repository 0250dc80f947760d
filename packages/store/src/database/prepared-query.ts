import { CompiledQuery, type Compilable, type Kysely, type QueryResult } from 'kysely';
import type { Answer, RoundTrip } from './round-trip.js';
import type { Tables } from './tables.js';

/** Stands for a parameter while a query is compiled. */
class Placeholder {
  constructor(readonly name: string) {}
}

export interface PreparedQuery<Parameters, Row, Given> {
  (db: Kysely<Tables>, parameters: Parameters, given: Given): Promise<Row[]>;
  /** Runs with others, when the trip is made. */
  ask(trip: RoundTrip, parameters: Parameters, given: Given): Answer<Row>;
}

/**
 * A query that is compiled once for each database and then only given its parameters: for the statements that every
 * batch runs, whose compilation would cost more than their execution.
 *
 * `build` gets the parameters by name. They must be used as values, never looked into; `given` is what may be looked
 * into and is the same for every call over one database, such as its dialect's traits.
 */
export function preparedQuery<Parameters extends Record<string, unknown>, Row, Given = void>(
  build: (db: Kysely<Tables>, parameters: Parameters, given: Given) => Compilable<Row>,
): PreparedQuery<Parameters, Row, Given> {
  const compiled = new WeakMap<object, CompiledQuery>();
  function statement(db: Kysely<Tables>, parameters: Parameters, given: Given): CompiledQuery<Row> {
    const { adapter } = db.getExecutor();
    let query = compiled.get(adapter);
    if (query === undefined) {
      query = build(db, placeholders(parameters), given).compile();
      compiled.set(adapter, query);
    }
    const values = query.parameters.map((one) => (one instanceof Placeholder ? parameters[one.name] : one));
    return CompiledQuery.raw(query.sql, values) as CompiledQuery<Row>;
  }
  const execute = async (db: Kysely<Tables>, parameters: Parameters, given: Given): Promise<Row[]> => {
    const result = (await db.executeQuery(statement(db, parameters, given))) as QueryResult<Row>;
    return result.rows;
  };
  return Object.assign(execute, {
    ask: (trip: RoundTrip, parameters: Parameters, given: Given): Answer<Row> =>
      trip.ask(statement(trip.db, parameters, given)),
  });
}

function placeholders<Parameters extends Record<string, unknown>>(parameters: Parameters): Parameters {
  const named = Object.keys(parameters).map((name) => [name, new Placeholder(name)]);
  return Object.fromEntries(named) as Parameters;
}
