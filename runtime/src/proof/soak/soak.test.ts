import { expect, it } from '@jest/globals';
import { missingOwnPostgres, missingRedis, skipLoudly } from '@drover/testing';
import { reportText } from './report-text.js';
import { runSoak } from './run-soak.js';

const SEED = 1;
const SECONDS = 60;
const OBJECTS = 3_000;
/** Sooner than the test is ended, which says nothing. */
const WITHIN_SECONDS = 240;
const TIMEOUT_MS = 300_000;

const missing = missingOwnPostgres() ?? missingRedis({ own: true });
if (missing === undefined) testSoak();
else skipLoudly('the short soak', missing);

function testSoak(): void {
  it(
    'the books are true whatever happens to processes, servers and vendors for a while',
    async () => {
      const options = { seed: SEED, seconds: SECONDS, objects: OBJECTS };
      const report = await runSoak({ ...options, withinSeconds: WITHIN_SECONDS });
      process.stderr.write(`${reportText(report)}\n`);
      expect(report.problems).toEqual([]);
      for (const { objects, counts } of report.subjects) {
        expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(objects);
      }
    },
    TIMEOUT_MS,
  );
}
