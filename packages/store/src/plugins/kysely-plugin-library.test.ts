import { describeDatabases, describePluginLibraryContract } from '@drover/testing';
import { KyselyPluginLibrary } from './kysely-plugin-library.js';

describeDatabases('KyselyPluginLibrary', (open) => {
  describePluginLibraryContract(async () => new KyselyPluginLibrary(await open()));
});
