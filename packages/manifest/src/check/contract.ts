import type { ValidateFunction } from 'ajv';
import { loadAjv, loadFormats } from '../../lazy/libraries.cjs';
import { jsonProblem } from '../json/measure-json.js';
import { orderProblems, type Problem } from '../json/problem.js';
import { SCHEMA_TEXTS } from '../schemas/embedded-schemas.js';
import { problemsOf } from './ajv-problems.js';

/** A public contract: the name of its file under `schemas/` without `.schema.json`. */
export type ContractName = keyof typeof SCHEMA_TEXTS;

export const CONTRACT_NAMES = Object.keys(SCHEMA_TEXTS) as ContractName[];

/** What a checked document may measure at most. */
export const DOCUMENT_LIMITS = { maxDepth: 40, maxBytes: 1024 * 1024 } as const;

/** The JSON Schema of a contract, anew each time. */
export function contractSchema(name: ContractName): Record<string, unknown> {
  return JSON.parse(SCHEMA_TEXTS[name]) as Record<string, unknown>;
}

/** Every problem of a document by the JSON Schema of a contract alone; empty when it fits. Never throws. */
export function checkDocument(name: ContractName, document: unknown): Problem[] {
  return checkAgainst(contractId(name), document);
}

/** As `checkDocument`, with a part of a contract such as `config-subset.schema.json#/$defs/connectionSchema`. */
export function checkAgainst(reference: string, document: unknown): Problem[] {
  const unfit = jsonProblem(document, DOCUMENT_LIMITS);
  if (unfit) return [unfit];
  const validate = validatorFor(reference);
  return validate(document) ? [] : orderProblems(problemsOf(validate.errors ?? []));
}

export function contractId(name: ContractName): string {
  return `${name}.schema.json`;
}

let validators: ReturnType<typeof makeValidators> | undefined;

function makeValidators() {
  const Ajv = loadAjv();
  // The schemas are our own and tested, so that they are not checked again in each process.
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    discriminator: true,
    ownProperties: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
    meta: false,
    validateSchema: false,
    schemas: CONTRACT_NAMES.map(contractSchema),
    keywords: ['x-fault'],
    // Halves the time to the first answer; a process checks few documents.
    code: { optimize: false },
  });
  loadFormats()(ajv, ['date-time', 'json-pointer', 'uri']);
  return ajv;
}

function validatorFor(reference: string): ValidateFunction {
  validators ??= makeValidators();
  const validate = validators.getSchema(reference);
  if (!validate) throw new Error(`No contract ${reference}`);
  return validate;
}
