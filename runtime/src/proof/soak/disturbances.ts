import { seededRandom } from '@drover/simulators';

/** What may happen, and how often among all that happens. */
const WEIGHTS = {
  'worker killed': 4,
  'worker paused': 4,
  'scheduler killed': 1,
  'scheduler paused': 1,
  'plugin killed': 3,
  'Redis killed': 2,
  'Redis unreachable': 2,
  'PostgreSQL restarted': 2,
  'vendor limits': 1,
  'vendor fails': 2,
  'vendor is silent': 2,
} as const;

export type DisturbanceKind = keyof typeof WEIGHTS;
export const DISTURBANCE_KINDS = Object.keys(WEIGHTS) as DisturbanceKind[];

/** One thing that happens. What it meets, and how, is drawn with it, so that a seed tells all but the moment of the others. */
export interface Disturbance {
  /** Milliseconds from the start. */
  atMs: number;
  kind: DisturbanceKind;
  /** From 0 to 1: which of those that it may meet. */
  which: number;
  /** From 0 to 1: how long it lasts, within the bounds of its kind. */
  long: number;
  /** From 0 to 1: in which of its ways. */
  way: number;
}

const FIRST_MS = 500;
const LEAST_GAP_MS = 500;
const GAP_SPREAD_MS = 1_000;

/** What happens in so many seconds, about once a second: the same for the same seed. */
export function drawDisturbances(seed: number, { seconds }: { seconds: number }): Disturbance[] {
  const random = seededRandom(seed);
  const drawn: Disturbance[] = [];
  for (let atMs = FIRST_MS; atMs < seconds * 1_000; atMs += LEAST_GAP_MS + random() * GAP_SPREAD_MS) {
    drawn.push({ atMs, kind: drawKind(random()), which: random(), long: random(), way: random() });
  }
  return drawn;
}

function drawKind(part: number): DisturbanceKind {
  const all = DISTURBANCE_KINDS.reduce((sum, kind) => sum + WEIGHTS[kind], 0);
  let at = part * all;
  for (const kind of DISTURBANCE_KINDS) {
    if (at < WEIGHTS[kind]) return kind;
    at -= WEIGHTS[kind];
  }
  return 'worker killed';
}
