// How figures are gathered and printed.

/** Takes turns, so that what else the machine does falls on all alike. Answers each contender's median take by wall time. */
export async function inTurns(contenders, rounds) {
  const takes = new Map(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, take] of Object.entries(contenders)) takes.get(name).push(await take());
  }
  return Object.fromEntries([...takes].map(([name, all]) => [name, medianByWall(all)]));
}

function medianByWall(takes) {
  return takes.toSorted((left, right) => left.wallMs - right.wallMs)[Math.floor(takes.length / 2)];
}

export function printTable(title, header, lines) {
  process.stdout.write(`\n${title}\n\n`);
  for (const line of [header, header.map(() => '---'), ...lines])
    process.stdout.write(`| ${line.join(' | ')} |\n`);
}

export function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`;
}

export function megabytes(mb) {
  return `${Math.round(mb)} MB`;
}

export function times(ms, ofMs) {
  return (ms / ofMs).toFixed(2);
}
