import type { PassId, Trigger } from '@drover/model';
import type { InstalledPlugin } from '../ports/plugin-library.js';
import type { RunView } from './run-requests.js';

export interface ActionRunRequest {
  action: string;
  collection: string;
  connection: string;
  /** Laid over the action's configured defaults, key by key. */
  config?: Record<string, unknown>;
  /** Default `manual`. */
  trigger?: Trigger;
  /** Names the step whose memory decides what is new; needed with the trigger `schedule`. */
  stepKey?: string;
  /** Most objects that this run takes. Default: the manifest's. */
  objectsPerRun?: number;
  /** Gives up the open pass and starts a new one. */
  restart?: boolean;
  /** Shows what the run would send, and sends nothing. Not together with `restart`. */
  plan?: boolean;
}

/** What became of asking for a run. */
export interface RunStart {
  /** Absent when a scheduled pass found nothing new to offer. */
  run?: RunView;
  pass: {
    id: PassId;
    objects: number;
    /** Objects of the collection whose type the action does not accept; they are not part of the pass. */
    notAccepted: number;
  };
}

export interface ActionRequests {
  /** Installed plugins of kind `action`. */
  list(): Promise<InstalledPlugin[]>;
  show(ref: string): Promise<InstalledPlugin>;
  /** Sets the defaults that a run starts from; `null` takes a key away. Faults: `CONFIG_INVALID` with every problem. */
  configure(ref: string, changes: Record<string, unknown>): Promise<InstalledPlugin>;
  /**
   * Opens or continues a pass and queues its next run. Resolves as soon as the run is stored; follow it with
   * `runs.watch`. Faults: `CONFIG_INVALID`, `TRIGGER_NOT_ALLOWED`, `CAP_BELOW_COLLECTION`, `NOTHING_ACCEPTED`, …
   */
  run(request: ActionRunRequest): Promise<RunStart>;
}
