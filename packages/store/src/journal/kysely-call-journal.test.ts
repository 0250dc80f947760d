import {
  describeCallJournalContract,
  describeDatabases,
  describeSqlite,
  untilCommittedInThread,
} from '@drover/testing';
import type { Database } from '../database/database.js';
import { KyselyCallJournal } from './kysely-call-journal.js';

describeDatabases('the call journal', describeJournal);

describeSqlite('the call journal whose commits are in a thread', (open) => {
  describeJournal(async () => {
    const database = await open();
    await untilCommittedInThread(database);
    return database;
  });
});

function describeJournal(open: () => Promise<Database>): void {
  describeCallJournalContract(async () => {
    const database = await open();
    return {
      journal: new KyselyCallJournal(database),
      async leaseTask(taskId, { runId, leaseToken }) {
        await database.kysely.deleteFrom('tasks').where('id', '=', taskId).execute();
        await database.kysely
          .insertInto('tasks')
          .values({
            id: taskId,
            run_id: runId,
            kind: 'batch',
            batch_index: 0,
            ranges: '[[0,100]]',
            status: 'leased',
            attempt: 1,
            deaths: 0,
            due_at: 0,
            waiting_since: null,
            lease_owner: 'worker',
            lease_token: leaseToken,
            lease_until: Date.now() + 60_000,
            created_at: 0,
            settled_at: null,
          })
          .execute();
      },
    };
  });
}
