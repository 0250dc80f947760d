import type { Command } from 'commander';
import type { CopyRequest, MigrationReport } from '@drover/engine';
import { wholeNumber } from '../input/whole-number.js';
import { bytes, counted } from '../output/figures.js';
import { StatusLine } from '../output/status-line.js';
import { table } from '../output/table.js';
import { safeText } from '../output/safe-text.js';
import type { CommandResult, Session } from '../session.js';

const SHOWN_DIGEST_CHARS = 16;

export function addDatabaseCommands(program: Command, session: Session): void {
  const db = program.command('db').description('look after the database itself, and move it');
  db.command('migrate')
    .description('bring the database to this version’s schema, as every other command does when it starts')
    .option('--dry-run', 'only show what is applied and what is pending')
    .action(async (options: { dryRun?: boolean }) => session.finish(await migrate(session, options)));
  db.command('copy')
    .description(
      'copy everything into an empty database, from SQLite to PostgreSQL or back, and verify every row',
    )
    .requiredOption(
      '--from <place>',
      'a data folder, a PostgreSQL URL without a password, or env:VARIABLE or file:PATH with a URL',
    )
    .requiredOption('--to <place>', 'an empty one, named in the same ways; a folder is made')
    .action(async (options: CopyRequest) => session.finish(await copy(session, options)));
  db.command('backup')
    .description('write the SQLite database into a file, while it is in use')
    .requiredOption('--to <file>', 'a new file; the key that encrypts secrets is not in it')
    .action(async (options: { to: string }) => session.finish(await backUp(session, options)));
  db.command('forget')
    .description(
      'remove for good what ended long ago: runs with their outcomes, records of commands, pulls, old values',
    )
    .option(
      '--older-than <days>',
      'how many days things are kept (default: DROVER_RETENTION_DAYS)',
      wholeNumber,
    )
    .action(async ({ olderThan }: { olderThan?: number }) =>
      session.finish(await forget(session, olderThan === undefined ? {} : { olderThanDays: olderThan })),
    );
}

async function migrate(session: Session, options: { dryRun?: boolean }): Promise<CommandResult> {
  const application = await session.application();
  const report = await application.databases.migrate(options);
  return { document: report, text: `${migrationTable(report)}\n\n${migrationSentence(report)}` };
}

function migrationTable({ migrations }: MigrationReport): string {
  return table(
    migrations,
    [
      { title: 'MIGRATION', value: ({ name }) => name },
      { title: 'APPLIED', value: ({ appliedAt }) => appliedAt ?? 'pending' },
    ],
    { nothing: 'There are no migrations.' },
  );
}

function migrationSentence({ database, migrations, applied }: MigrationReport): string {
  const pending = migrations.filter(({ appliedAt }) => appliedAt === undefined).length;
  if (pending > 0) return safeText(`${database}: ${pending} pending; apply with "drover db migrate".`);
  if (applied.length > 0) return safeText(`${database}: ${applied.length} applied now; it is up to date.`);
  return safeText(`${database} is up to date.`);
}

async function copy(session: Session, request: CopyRequest): Promise<CommandResult> {
  const application = await session.application();
  const line = new StatusLine(session.streams.stderr, session.options);
  let rows = 0;
  try {
    const report = await application.databases.copy(request, {
      onTable(copied) {
        rows += copied.rows;
        line.update(`${rows} rows copied and verified; ${copied.table} is done`);
      },
    });
    line.clear();
    const copied = table(
      report.tables,
      [
        { title: 'TABLE', value: ({ table: name }) => name },
        { title: 'ROWS', value: (one) => one.rows, right: true },
        { title: 'DIGEST', value: ({ digest }) => digest.slice(0, SHOWN_DIGEST_CHARS) },
      ],
      { nothing: 'Nothing was copied.' },
    );
    const sum = safeText(
      `${report.rows} rows of ${report.tables.length} tables are in ${report.to} as they are in ${report.from}.`,
    );
    return { document: report, text: `${copied}\n\n${sum}\n${AFTERWARDS}` };
  } finally {
    line.clear();
  }
}

const AFTERWARDS = [
  'Secrets are encrypted with the key that they had: give the same key to whoever uses the copy',
  '(DROVER_ENCRYPTION_KEY, or keys/encryption.key of the data folder). Execute runs on one of the two only.',
].join('\n');

async function backUp(session: Session, { to }: { to: string }): Promise<CommandResult> {
  const report = await (await session.application()).databases.backUp({ to });
  const sum = safeText(`${report.from} is in ${report.to} as it stands now, ${bytes(report.bytes)}.`);
  return { document: report, text: `${sum}\n${KEY_APART}` };
}

const KEY_APART = [
  'The key of its secrets is not in it: keep a copy of DROVER_ENCRYPTION_KEY, or of keys/encryption.key, somewhere else.',
  'To restore: stop everything, put the file in the place of drover.db, remove drover.db-wal and drover.db-shm.',
].join('\n');

async function forget(session: Session, request: { olderThanDays?: number }): Promise<CommandResult> {
  const report = await (await session.application()).databases.forget(request);
  const kinds = [
    counted(report.runs, 'run'),
    counted(report.commands, 'command'),
    counted(report.pulls, 'pull'),
    counted(report.values, 'old value'),
    counted(report.conflicts, 'settled conflict'),
  ];
  const sum = safeText(`${report.database}: forgot ${kinds.join(', ')}, of before ${report.before}.`);
  return { document: report, text: `${sum}\n${STAYS}` };
}

const STAYS =
  'Objects, their values in force, runs with an object that is unknown and passes with objects to offer stay.';
