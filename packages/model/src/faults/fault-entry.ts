/** One row of the fault table. */
export interface FaultEntry {
  /** A short title, as RFC 9457 problem types want it. */
  title: string;
  /** What a person does about it: one sentence. */
  help: string;
  /** Whether trying again may help. Default false. */
  retryable?: boolean;
  /** No failure but a wait: before a write the batch is put aside until the vendor may be called again. */
  waits?: boolean;
  /** A fault of the account or the installation: the run stops at once instead of failing object after object. */
  stopsRun?: boolean;
  /** Process exit code of a command that ends with it. 1 usage, 2 partial, 3 failed, 4 refused by policy, 78 configuration. */
  exitCode: 1 | 2 | 3 | 4 | 78;
  /** HTTP status when an API call ends with it. */
  httpStatus: number;
}

export type FaultEntries = Readonly<Record<string, FaultEntry>>;
