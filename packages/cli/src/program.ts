import { Command } from 'commander';
import { addActionCommands } from './commands/action.js';
import { addCollectionCommands } from './commands/collection.js';
import { addCommandCommands } from './commands/command.js';
import { addConfigCommands } from './commands/config.js';
import { addConnectionCommands } from './commands/connection.js';
import { addDatabaseCommands } from './commands/db.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addFeedCommands } from './commands/feed.js';
import { addObjectsCommands } from './commands/objects.js';
import { addPluginCommands } from './commands/plugin.js';
import { addQuarantineCommands } from './commands/quarantine.js';
import { addRunCommands } from './commands/run.js';
import { addServeCommand } from './commands/serve.js';
import { addSimulateCommand } from './commands/simulate.js';
import { addWorkerCommands } from './commands/worker.js';
import type { GlobalOptions, Session } from './session.js';

const HELP_WIDTH = 100;

/** The whole command line over one session. */
export function buildProgram(session: Session): Command {
  const { stdout, stderr } = session.streams;
  const program = new Command('drover')
    .description('Runs vendor actions over collections of objects and answers for every object.')
    .version(session.host.version)
    .option('--json', 'print the result as one JSON document on the last line of stdout')
    .option(
      '--data-dir <folder>',
      'folder of database, keys and bundles (default: DROVER_DATA_DIR or ./.drover)',
    )
    .option('--quiet', 'no progress and no notes on stderr')
    .option('--verbose', 'more about faults: advice and stack traces')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // With --json a refusal is a document, which is not written here.
      outputError: (text, write) => session.options.json || write(text),
      getOutHelpWidth: () => Math.min(stdout.columns ?? HELP_WIDTH, HELP_WIDTH),
      getErrHelpWidth: () => Math.min(stderr.columns ?? HELP_WIDTH, HELP_WIDTH),
    })
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', (_, command) => {
      session.options = globalOptions(command);
    });
  addPluginCommands(program, session);
  addActionCommands(program, session);
  addConnectionCommands(program, session);
  addObjectsCommands(program, session);
  addCollectionCommands(program, session);
  addRunCommands(program, session);
  addQuarantineCommands(program, session);
  addCommandCommands(program, session);
  addFeedCommands(program, session);
  addServeCommand(program, session);
  addWorkerCommands(program, session);
  addSimulateCommand(program, session);
  addDatabaseCommands(program, session);
  addDoctorCommand(program, session);
  addConfigCommands(program, session);
  return program;
}

function globalOptions(command: Command): GlobalOptions {
  const { json, quiet, verbose, dataDir } = command.optsWithGlobals<Partial<GlobalOptions>>();
  return { json: json === true, quiet: quiet === true, verbose: verbose === true, dataDir };
}
