import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Worker } from 'bullmq';

const FAILED_MS = 500;

/** A worker of BullMQ asks for the next job as soon as Redis refused it one. This one takes a while. */
export class PatientWorker extends Worker {
  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await sleep(FAILED_MS, undefined, { ref: false });
      throw error;
    }
  }
}
