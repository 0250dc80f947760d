import { describeDatabases, describeObjectEditsContract } from '@drover/testing';
import { KyselyObjectLibrary } from './kysely-object-library.js';

describeDatabases('the object library', (open) => {
  describeObjectEditsContract(async () => new KyselyObjectLibrary(await open()));
});
