/**
 * The name that differs least from `text`, when it differs little enough to be a slip: by at most a third of its
 * characters. For hints in messages.
 */
export function nearestName(text: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.floor(text.length / 3);
  for (const name of names) {
    if (Math.abs(name.length - text.length) > fewest) continue;
    const edits = editDistance(text, name);
    if (edits < fewest || (edits === fewest && nearest === undefined)) {
      nearest = name;
      fewest = edits;
    }
  }
  return nearest;
}

/** Levenshtein's distance; a swap of neighbours counts as one edit. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = last[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced);
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[right.length]!;
}
