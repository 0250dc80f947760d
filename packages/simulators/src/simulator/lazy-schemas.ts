import { createRequire } from 'node:module';
import type * as ajv from 'ajv';
import type { FastifyServerOptions } from 'fastify';

/**
 * Checks bodies by the schemas of routes. A schema is compiled when the first body comes, and the compiler is loaded for
 * it: most simulators are never told anything on their control path, and this would be the greater part of their start.
 * (Fastify calls the compiler with an object around the schema; the type that it declares has the schema itself.)
 */
export const LAZY_SCHEMAS = {
  compilersFactory: {
    buildValidator: () => (route: { schema: object }) => validateLater(route.schema),
    // No route has a schema of its answers.
    buildSerializer: () => () => JSON.stringify,
  },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

function validateLater(schema: object): (body: unknown) => boolean {
  function validate(body: unknown): boolean {
    const compiled = compile(schema);
    const isFit = compiled(body);
    validate.errors = compiled.errors;
    return isFit;
  }
  validate.errors = undefined as ajv.ValidateFunction['errors'];
  return validate;
}

let compiler: ajv.Ajv | undefined;

/** The same schema is compiled once. */
function compile(schema: object): ajv.ValidateFunction {
  compiler ??= makeCompiler();
  return compiler.compile(schema);
}

function makeCompiler(): ajv.Ajv {
  const { Ajv } = createRequire(import.meta.url)('ajv') as typeof ajv;
  return new Ajv({ useDefaults: true, strictTypes: false });
}
