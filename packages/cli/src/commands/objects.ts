import { type Command, Option } from 'commander';
import type { AttributeChange, ExportFormat, ImportFormat, ImportReport } from '@drover/engine';
import type { DroverObject, FeedSight, PageRequest } from '@drover/model';
import { collect } from '../input/assignments.js';
import { addPageOptions, moreText, pageOf } from '../input/page-options.js';
import { objectChanges, type SetOptions } from '../input/object-changes.js';
import { addQueryOptions, queryOf, type QueryOptions } from '../input/query-options.js';
import { openInput } from '../input/read-input.js';
import { exportText } from '../output/export-text.js';
import { bytes, count, counted } from '../output/figures.js';
import { safeText } from '../output/safe-text.js';
import { StatusLine } from '../output/status-line.js';
import { facts, table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';

const FORMATS = ['csv', 'jsonl', 'stix', 'list'] as const satisfies ImportFormat[];
const EXPORT_FORMATS = ['jsonl', 'csv'] as const satisfies ExportFormat[];
/** Refused rows that people see; --json has the first 1000. */
const SHOWN_REJECTED = 10;
/** Nothing was accepted, or the file broke off half-way. */
const PARTIAL_EXIT_CODE = 2;

interface ImportOptions {
  collection: string;
  format?: ImportFormat;
  type?: string;
  subtype?: string;
  source?: string;
}

type ListOptions = QueryOptions & PageRequest & { collection?: string };

export function addObjectsCommands(program: Command, session: Session): void {
  const objects = program.command('objects').description('import, look up, edit and export objects');
  objects
    .command('import <file>')
    .description('read objects from a file, or from standard input with -, into a collection')
    .requiredOption('--collection <name>', 'fixed list that takes them; made when there is none')
    .addOption(new Option('--format <format>', 'default: by name and first bytes').choices(FORMATS))
    .option('--type <type>', 'type of the objects of plain lists, and of rows that do not say')
    .option('--subtype <subtype>', 'their subtype, such as SHA-256')
    .option('--source <source>', 'who says so (default: the file’s name)')
    .action(async (file: string, options: ImportOptions) =>
      session.finish(await importFile(session, file, options)),
    );
  addPageOptions(addQueryOptions(objects.command('list')))
    .description('list objects')
    .option('--collection <collection>', 'only the objects of a collection')
    .action(async (options: ListOptions) => session.finish(await list(session, options)));
  objects
    .command('show <object>')
    .description('show an object with its attributes and their history')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  addSetCommand(objects, session);
  addQueryOptions(objects.command('export'))
    .description('write objects as JSON Lines or CSV')
    .option('--collection <collection>', 'only the objects of a collection')
    .addOption(new Option('--format <format>', 'how to write them').choices(EXPORT_FORMATS).default('jsonl'))
    .option('--output <file>', 'where to write them (default: stdout)')
    .action(async (options: ListOptions & { format: ExportFormat; output?: string }) => {
      const result = await exportObjects(session, options);
      if (result !== undefined) session.finish(result);
    });
}

function addSetCommand(objects: Command, session: Session): void {
  objects
    .command('set <object>')
    .description('edit an object, named by its id, TYPE/VALUE or TYPE/SUBTYPE/VALUE')
    .option('--status <status>', 'its status')
    .option('--attribute <name=value>', 'set an attribute to a text; may be repeated', collect)
    .option(
      '--attribute-json <name=json>',
      'set an attribute to a number, a truth value or a quoted text; may be repeated',
      collect,
    )
    .option('--remove-attribute <name>', 'take an attribute away; may be repeated', collect)
    .option('--alias <alias>', 'another name that it goes by; may be repeated', collect)
    .option('--source <source>', 'who says so; values of other sources stay', 'manual')
    .action(async (ref: string, options: SetOptions) => session.finish(await set(session, ref, options)));
}

async function importFile(session: Session, file: string, options: ImportOptions): Promise<CommandResult> {
  const input = await openInput(file, session.streams.stdin);
  const application = await session.application();
  const line = new StatusLine(session.streams.stderr, session.options);
  const report = await application.objects
    .import(input.stream, { ...options, fileName: input.fileName }, (progress) => {
      const of = input.totalBytes === undefined ? '' : ` of ${bytes(input.totalBytes)}`;
      line.update(
        `${bytes(progress.bytes)}${of}  ${counted(progress.rows, 'row')}, ${count(progress.rejected)} refused`,
      );
    })
    .finally(() => line.clear());
  const accepted = report.created + report.updated + report.unchanged;
  const isPartial = accepted === 0 || report.fault !== undefined;
  return { document: report, text: importText(report), exitCode: isPartial ? PARTIAL_EXIT_CODE : 0 };
}

function importText(report: ImportReport): string {
  const blocks = [
    `Imported into ${report.collection}: ${count(report.created)} created, ${count(report.updated)} updated, ${count(report.unchanged)} unchanged, ${counted(report.duplicates, 'duplicate')}, ${count(report.rejectedCount)} refused.`,
    table(
      Object.entries(report.byType),
      [
        { title: 'TYPE', value: ([type]) => type },
        { title: 'OBJECTS', value: ([, objects]) => count(objects), right: true },
      ],
      { nothing: 'It holds no objects.' },
    ),
  ];
  if (report.rejectedCount > 0) blocks.push(rejectedText(report));
  if (report.fault !== undefined) {
    blocks.push(safeText(`Reading stopped before the end. ${report.fault.code}: ${report.fault.message}`));
  }
  return blocks.join('\n\n');
}

function rejectedText(report: ImportReport): string {
  const shown = table(
    report.rejected.slice(0, SHOWN_REJECTED),
    [
      { title: 'LINE', value: (row) => row.line, right: true },
      { title: 'VALUE', value: (row) => row.value, maxWidth: 40 },
      { title: 'CODE', value: (row) => row.code },
      { title: 'REASON', value: (row) => row.reason, maxWidth: 100 },
    ],
    { nothing: '' },
  );
  const hidden = report.rejectedCount - Math.min(report.rejected.length, SHOWN_REJECTED);
  if (hidden === 0) return shown;
  const where = report.rejectedFile === undefined ? '--json lists them' : `all are in ${report.rejectedFile}`;
  return `${shown}\n… and ${count(hidden)} more refused rows; ${where}.`;
}

async function list(session: Session, options: ListOptions): Promise<CommandResult> {
  const filter = await queryOf(options);
  const application = await session.application();
  const page = await application.objects.list({
    ...pageOf(options),
    collection: options.collection,
    filter,
  });
  const text = table(
    page.data,
    [
      { title: 'ID', value: (object) => object.id },
      { title: 'TYPE', value: typeText },
      { title: 'VALUE', value: (object) => object.value, maxWidth: 80 },
      { title: 'STATUS', value: (object) => object.status },
      { title: 'ATTRIBUTES', value: (object) => object.attributes.length, right: true },
      { title: 'UPDATED', value: (object) => object.updatedAt },
      ...(page.data.some((object) => absentFrom(object) !== '')
        ? [{ title: 'ABSENT FROM', value: absentFrom }]
        : []),
    ],
    { nothing: 'There are no such objects.' },
  );
  return { document: page, text: text + moreText(page.nextCursor) };
}

async function set(session: Session, ref: string, options: SetOptions): Promise<CommandResult> {
  const changes = objectChanges(options);
  const application = await session.application();
  const { object, changed } = await application.objects.set(ref, changes);
  const now = changed ? `is now at revision ${object.revision}` : 'had all of that already; nothing changed';
  return {
    document: { ...object, changed },
    text: safeText(`${typeText(object)} ${object.value} (${object.id}) ${now}.`),
  };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const object = await application.objects.show(ref);
  const about = facts([
    ['object', object.id],
    ['type', typeText(object)],
    ['value', object.value],
    ['aliases', object.aliases.join(', ') || undefined],
    ['status', object.status],
    ['sources', object.sources.join(', ')],
    ['feeds', object.feeds?.map(sightText).join(', ')],
    ['revision', object.revision],
    ['created', object.createdAt],
    ['updated', object.updatedAt],
  ]);
  const attributes = table(
    object.attributes,
    [
      { title: 'ATTRIBUTE', value: (attribute) => attribute.name },
      { title: 'VALUE', value: (attribute) => String(attribute.value) },
      { title: 'SOURCE', value: (attribute) => attribute.source },
      { title: 'AT', value: (attribute) => attribute.at },
      { title: 'RUN', value: (attribute) => attribute.runId },
    ],
    { nothing: 'It has no attributes.' },
  );
  return { document: object, text: [about, attributes, historyText(object.history)].join('\n\n').trimEnd() };
}

function historyText(history: readonly AttributeChange[]): string {
  const past = history.filter(
    (change) =>
      !change.applied || change.mode === 'remove' || history.some((other) => replaces(other, change)),
  );
  if (past.length === 0) return '';
  return table(
    past,
    [
      { title: 'BEFORE', value: (change) => change.name },
      { title: 'VALUE', value: (change) => String(change.value) },
      { title: 'SOURCE', value: (change) => change.source },
      { title: 'AT', value: (change) => change.at },
      { title: 'RUN', value: (change) => change.runId },
      {
        title: '',
        value: (change) => (change.applied ? (change.mode === 'remove' ? 'removed' : '') : 'not applied'),
      },
    ],
    { nothing: '' },
  );
}

function replaces(other: AttributeChange, change: AttributeChange): boolean {
  return (
    other !== change &&
    other.applied &&
    other.mode !== 'add' &&
    other.name === change.name &&
    other.source === change.source &&
    other.at > change.at
  );
}

async function exportObjects(
  session: Session,
  options: ListOptions & { format: ExportFormat; output?: string },
): Promise<CommandResult | undefined> {
  const filter = await queryOf(options);
  const application = await session.application();
  const chunks = application.objects.export({ collection: options.collection, filter }, options);
  return exportText(session, chunks, options);
}

function sightText({ feed, seenAt, absentSince }: FeedSight): string {
  return `${feed} (${absentSince === undefined ? `seen ${seenAt}` : `absent since ${absentSince}`})`;
}

/** Names of the feeds that have brought the object and find it no more. */
function absentFrom({ feeds = [] }: DroverObject): string {
  return feeds
    .filter(({ absentSince }) => absentSince !== undefined)
    .map(({ feed }) => feed)
    .join(', ');
}

function typeText(object: DroverObject): string {
  return object.subtype === undefined ? object.type : `${object.type} ${object.subtype}`;
}
