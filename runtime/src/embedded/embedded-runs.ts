import type {
  ExportFormat,
  OutcomeFilter,
  PlanView,
  ReasonCount,
  Resolution,
  RunHold,
  RunRequests,
  RunSighting,
  RunView,
  StoredOutcome,
} from '@drover/engine';
import { Fault, hasEnded, isId, type Page, type PageRequest, type Run, type RunStatus } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { csvLine } from './csv-line.js';
import { findPlugin } from './embedded-plugins.js';
import { existing } from './not-found.js';
import { pagesOf, textOf } from './pages.js';
import type { RunNames } from './run-names.js';

const DEFAULT_REASONS = 10;
const PLAN_PAGE = 1_000;
const CSV_HEAD = csvLine([
  'objectId',
  'type',
  'subtype',
  'value',
  'status',
  'code',
  'message',
  'data',
  'attempt',
  'at',
  'evidence',
]);

type HeldRun = Run & { hold: RunHold };

export class EmbeddedRuns implements RunRequests {
  readonly #parts: Parts;
  readonly #names: RunNames;

  constructor(parts: Parts, names: RunNames) {
    this.#parts = parts;
    this.#names = names;
  }

  async list({
    status,
    action,
    ...page
  }: { status?: RunStatus; action?: string } & PageRequest): Promise<Page<RunView>> {
    const pluginId =
      action === undefined ? undefined : (await findPlugin(this.#parts, action, 'action')).pluginId;
    const runs = await (await this.#parts.ledger()).listRuns({ ...page, status, pluginId });
    const data: RunView[] = [];
    for (const run of runs.data) data.push(await this.#names.view(run));
    return { ...runs, data };
  }

  async show(ref: string): Promise<RunView> {
    return this.#names.view(await this.#find(ref));
  }

  async *watch(ref: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<RunSighting> {
    const { id } = await this.#find(ref);
    const engine = await this.#parts.engine();
    for await (const { run, events } of engine.watch(id, options)) {
      const log = events.filter(({ kind }) => kind === 'log').map(({ data }) => data);
      yield { run: await this.#names.view(run), log: log as unknown as RunSighting['log'] };
    }
  }

  async cancel(ref: string, options: { atOnce?: boolean } = {}): Promise<RunView> {
    const { id } = await this.#find(ref);
    await (await this.#parts.engine()).cancel(id, options);
    return this.show(id);
  }

  async resolve(ref: string, resolution: Resolution): Promise<{ run: RunView; resolved: number }> {
    const { id } = await this.#find(ref);
    const resolved = await (await this.#parts.engine()).resolve(id, resolution);
    return { run: await this.show(id), resolved };
  }

  async resume(ref: string): Promise<RunView> {
    const run = await this.#find(ref);
    if (hasEnded(run.status)) {
      throw new Fault(
        'RUN_ENDED',
        `${run.id} has ended (${run.status}); "drover run retry" runs what failed, "drover action run" what remains.`,
      );
    }
    await (await this.#parts.engine()).start({ asReserve: true });
    return this.#names.view(run);
  }

  async retry(ref: string): Promise<RunView> {
    const { id } = await this.#find(ref);
    const engine = await this.#parts.engine();
    const retried = await engine.retry(id);
    await engine.start({ asReserve: true });
    return this.show(retried);
  }

  async plan(ref: string, query: PageRequest = {}): Promise<PlanView> {
    const run = await this.#find(ref);
    if (run.mode !== 'plan') {
      throw new Fault('INVALID_ARGUMENT', `${run.id} is no plan; "drover action run … --plan" makes one.`);
    }
    const ledger = await this.#parts.ledger();
    const calls = await ledger.plannedCalls(run.id);
    const page = { limit: PLAN_PAGE, ...query };
    const isOfWriteBacks = query.cursor?.startsWith('w') === true;
    const isOfRequests = query.cursor !== undefined && !isOfWriteBacks;
    const isThrough = ['succeeded', 'partial'].includes(run.status);
    return {
      calls,
      requests: isOfWriteBacks ? { data: [] } : await ledger.plannedRequests(run.id, page),
      sets: await ledger.plannedSets(run.id),
      writeBacks: isOfRequests ? { data: [] } : await ledger.plannedWriteBacks(run.id, page),
      isApplicable: isThrough && calls.length > 0 && calls.every(({ hook }) => hook !== 'prepare'),
    };
  }

  async apply(ref: string): Promise<RunView> {
    const { id } = await this.#find(ref);
    const engine = await this.#parts.engine();
    const applying = await engine.applyPlan(id);
    await engine.start({ asReserve: true });
    return this.show(applying);
  }

  async outcomes(ref: string, query: OutcomeFilter & PageRequest): Promise<Page<StoredOutcome>> {
    const { id } = await this.#find(ref);
    return (await this.#parts.ledger()).outcomes(id, query);
  }

  async reasons(ref: string, options: { limit?: number } = {}): Promise<ReasonCount[]> {
    const { id } = await this.#find(ref);
    return (await this.#parts.ledger()).reasons(id, options.limit ?? DEFAULT_REASONS);
  }

  async *export(
    ref: string,
    { format, status }: OutcomeFilter & { format: ExportFormat },
  ): AsyncGenerator<string> {
    const { id } = await this.#find(ref);
    const ledger = await this.#parts.ledger();
    const pages = pagesOf((page) => ledger.outcomes(id, { ...page, status }));
    yield* format === 'csv'
      ? textOf(pages, { head: CSV_HEAD, line: outcomeCells })
      : textOf(pages, { line: (outcome) => `${JSON.stringify(outcome)}\n` });
  }

  async #find(ref: string): Promise<HeldRun> {
    const ledger = await this.#parts.ledger();
    return existing(isId('run', ref) ? await ledger.run(ref) : undefined, { noun: 'run', ref });
  }
}

function outcomeCells(outcome: StoredOutcome): string {
  return csvLine([
    outcome.objectId,
    outcome.type,
    outcome.subtype,
    outcome.value,
    outcome.status,
    outcome.code,
    outcome.message,
    outcome.data === undefined ? '' : JSON.stringify(outcome.data),
    outcome.attempt,
    outcome.at,
    outcome.evidence === undefined ? '' : JSON.stringify(outcome.evidence),
  ]);
}
