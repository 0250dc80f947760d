/** How a soak is run. */
export interface SoakOptions {
  /** The same seed disturbs in the same way, at the same moments. */
  seed: number;
  /** How long something happens about once a second. */
  seconds: number;
  /** Objects over all actions. */
  objects: number;
  /** Everything has to be over by then, from start to end; else it fails, and says where it was. Default: what the calm may take, and two minutes. */
  withinSeconds?: number;
  /** Told of each thing that happens. */
  onEvent?(line: string): void;
}
