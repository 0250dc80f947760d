import Sequencer from '@jest/test-sequencer';

/** Seconds that suites take about, for a machine that has not run them yet; the first that fits. Others take a few. */
const EXPECTED = [
  [/\/runtime\/src\/proof\/crash\.test\.ts$/, 250],
  [/\/runtime\/src\/proof\//, 100],
  [/\/(?:run|once|poll)-behaviour\.test\.ts$/, 80],
  [/\/end-to-end\/scaled-out\.test\.ts$/, 65],
  [/-behaviour\.test\.ts$/, 35],
  [/\/end-to-end\/(?:crowdstrike|palo-alto|quickstart|killed-runs|outages)\.test\.ts$/, 35],
  [/\/store\/src\/copy\//, 25],
  [/\/end-to-end\//, 15],
  [/\/(?:sandbox|queue|objects)\/[^/]*\.test\.ts$|\/tenant\.test\.ts$/, 10],
];
const OTHERS = 3;
const MS_PER_SECOND = 1_000;

/**
 * Begins with the suites that take longest, by what they took here before and else by what they are known to take: one
 * that begins last would keep one worker busy while the other has nothing left to do.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super
      .sort(tests)
      .map((test) => ({ test, ms: test.duration ?? expectedMs(test.path) }))
      .sort((left, right) => right.ms - left.ms)
      .map(({ test }) => test);
  }
}

function expectedMs(path) {
  const [, seconds = OTHERS] = EXPECTED.find(([name]) => name.test(path)) ?? [];
  return seconds * MS_PER_SECOND;
}
