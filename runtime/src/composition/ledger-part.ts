/** The ledgers of runs and feeds, a chunk of their own: most commands never touch either. */
export {
  KyselyCallJournal,
  KyselyFeedLedger,
  KyselyMirrorLedger,
  KyselyQuarantine,
  KyselyRetention,
  KyselyRunLedger,
  KyselyWorkWatch,
} from '@drover/store';
