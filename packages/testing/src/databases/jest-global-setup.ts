import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes the folder that the processes of this test run share. Servers in it start when a test first asks for one. */
export default function setUp(): void {
  process.env.TEST_RUN_DIRECTORY = mkdtempSync(join(tmpdir(), 'drover-test-'));
  process.env.TEST_RUN_PID = String(process.pid);
}
