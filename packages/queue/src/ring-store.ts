import type { Fault } from '@drover/model';
import type { Job, JobsOptions } from 'bullmq';

/** What a doorbell needs of BullMQ's queue, whatever its backend. */
export interface RingQueue {
  on(event: 'error', listener: (error: Error) => void): unknown;
  add(name: string, data: null, options: JobsOptions): Promise<unknown>;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** What a doorbell needs of BullMQ's worker. */
export interface RingWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  pause(doNotWaitActive: boolean): Promise<void>;
  close(force?: boolean): Promise<void>;
}

export interface RingStoreOptions {
  /** Told once each time that the store of the rings is lost or will not do, and what BullMQ complains of. */
  onError(fault: Fault | Error): void;
}

/** Where the rings lie that reach other processes. It connects again by itself for as long as it is open. */
export interface RingStore {
  readonly isConnected: boolean;
  /** Connects and looks whether the store will do, then opens its queue. Faults: the store's. */
  openQueue(): Promise<RingQueue>;
  makeWorker(answer: (job: Job) => Promise<void>, options: { concurrency: number }): Promise<RingWorker>;
  /** What BullMQ complains of. That the store is away is told once, by the store itself. */
  complain(error: Error): void;
  close(): Promise<void>;
}
