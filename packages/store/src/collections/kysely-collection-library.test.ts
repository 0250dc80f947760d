import { describeCollectionLibraryContract } from '@drover/testing/contracts/describe-collection-library-contract';
import { describeDatabases } from '@drover/testing/databases/describe-databases';
import { KyselyObjectLibrary } from '../objects/kysely-object-library.js';
import { KyselyCollectionLibrary } from './kysely-collection-library.js';

describeDatabases('KyselyCollectionLibrary', (open) => {
  describeCollectionLibraryContract(async () => {
    const database = await open();
    return {
      objects: new KyselyObjectLibrary(database),
      collections: new KyselyCollectionLibrary(database),
    };
  });
});
