import type { Application, DoctorReport, ServeOptions, ServeState } from '@drover/engine';
import type { Parts } from '../composition/parts.js';
import { EmbeddedActions } from './embedded-actions.js';
import { EmbeddedCollections } from './embedded-collections.js';
import { EmbeddedCommands } from './embedded-commands.js';
import { EmbeddedConnections } from './embedded-connections.js';
import { EmbeddedDatabases } from './embedded-databases.js';
import { EmbeddedFeeds } from './embedded-feeds.js';
import { EmbeddedObjects } from './embedded-objects.js';
import { EmbeddedPlugins } from './embedded-plugins.js';
import { EmbeddedQuarantine } from './embedded-quarantine.js';
import { EmbeddedRuns } from './embedded-runs.js';
import { EmbeddedWorkers } from './embedded-workers.js';
import { RunNames } from './run-names.js';

/** The application in this very process, over its own database. */
export class EmbeddedApplication implements Application {
  readonly plugins: EmbeddedPlugins;
  readonly actions: EmbeddedActions;
  readonly connections: EmbeddedConnections;
  readonly objects: EmbeddedObjects;
  readonly collections: EmbeddedCollections;
  readonly runs: EmbeddedRuns;
  readonly commands: EmbeddedCommands;
  readonly feeds: EmbeddedFeeds;
  readonly databases: EmbeddedDatabases;
  readonly quarantine: EmbeddedQuarantine;
  readonly workers: EmbeddedWorkers;
  readonly #parts: Parts;
  #drainMs: number | undefined;

  constructor(parts: Parts) {
    const names = new RunNames(parts);
    this.#parts = parts;
    this.plugins = new EmbeddedPlugins(parts);
    this.actions = new EmbeddedActions(parts, names);
    this.connections = new EmbeddedConnections(parts);
    this.objects = new EmbeddedObjects(parts);
    this.collections = new EmbeddedCollections(parts);
    this.runs = new EmbeddedRuns(parts, names);
    this.commands = new EmbeddedCommands(parts);
    this.feeds = new EmbeddedFeeds(parts);
    this.databases = new EmbeddedDatabases(parts);
    this.quarantine = new EmbeddedQuarantine(parts);
    this.workers = new EmbeddedWorkers(parts);
  }

  async serve(listener: (state: ServeState) => void, options: ServeOptions = {}): Promise<void> {
    this.#drainMs = this.#parts.surroundings.settings.drainSeconds * 1_000;
    const { serve } = await import('./serve.js');
    await serve(this.#parts, listener, options);
  }

  async doctor(): Promise<DoctorReport> {
    const { examine } = await import('./doctor.js');
    return examine(this.#parts);
  }

  close({ abandon = false }: { abandon?: boolean } = {}): Promise<void> {
    return this.#parts.close({ abandon, drainMs: this.#drainMs });
  }
}
