import type { FaultOrder } from './fault-order.js';
import type { RequestFigures } from './request-log.js';
import type { StormOptions } from './storm.js';

/** A running stand-in of a vendor's API. Its control path is described at `addControlPath`. */
export interface Simulator<State> {
  /** Binds to 127.0.0.1, on a free port when none is given, and answers the base URL. */
  listen(port?: number): Promise<string>;
  /** Ends all connections and what is held back on them. */
  close(): Promise<void>;
  state(): State;
  /** Orders a fault, as `POST /__sim/faults` does. */
  order(fault: FaultOrder): void;
  /** Changes the weather, as `PUT` and `DELETE /__sim/storm` do; orders come before it. */
  storm(options: StormOptions | undefined): void;
  requests(): RequestFigures;
  /** Back to the state of the start; forgets requests and orders. */
  reset(): void;
}
