export interface ReleaseOptions {
  /** Wait for nothing in flight. */
  abandon: boolean;
  /** How long what is in flight may take. Absent: as long as it takes. */
  drainMs?: number | undefined;
}

type Release = (options: ReleaseOptions) => Promise<void>;

/** What has been acquired and must be let go of, last acquired first. */
export class Releases {
  #stack: Release[] = [];

  add(release: Release): void {
    this.#stack.push(release);
  }

  /** Lets go of everything, also where one release fails; then throws the first failure. */
  async run(options: ReleaseOptions): Promise<void> {
    const failures: unknown[] = [];
    for (const release of this.#stack.splice(0).toReversed()) {
      await release(options).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
