import { describeObjectLibraryContract } from '@drover/testing/contracts/describe-object-library-contract';
import { describeDatabases } from '@drover/testing/databases/describe-databases';
import { KyselyCollectionLibrary } from '../collections/kysely-collection-library.js';
import { KyselyObjectLibrary } from './kysely-object-library.js';

describeDatabases('KyselyObjectLibrary', (open) => {
  describeObjectLibraryContract(async () => {
    const database = await open();
    return {
      objects: new KyselyObjectLibrary(database),
      collections: new KyselyCollectionLibrary(database),
    };
  });
});
