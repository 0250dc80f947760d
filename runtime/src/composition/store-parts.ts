/** Parts of the store that every command needs, as one chunk of the bundled command line. */
export {
  KyselyAccessTokenStore,
  KyselyCollectionLibrary,
  KyselyCommandLedger,
  KyselyLeases,
  KyselyObjectLibrary,
  KyselyPluginLibrary,
} from '@drover/store';
