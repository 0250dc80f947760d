import type { PlacedObject, PlanGate } from '@drover/engine';
import type { Answer, Outcome, Pending, PluginObject } from '@drover/model';

/** What a hook answered, its pending objects apart. What is no list is left for the books to complain of. */
export function answersOf(value: unknown): { outcomes: Outcome[]; pending: Pending[] } {
  if (!Array.isArray(value)) return { outcomes: value as Outcome[], pending: [] };
  const isPending = (answer: Answer | null): answer is Pending => answer?.status === 'pending';
  const answers = value as Answer[];
  return {
    outcomes: answers.filter((answer): answer is Outcome => !isPending(answer)),
    pending: answers.filter(isPending),
  };
}

export function placedOf(objects: readonly PluginObject[]): PlacedObject[] {
  return objects.map((object, position) => ({ position, objectSeq: position, object }));
}

/** The outcomes of a plan, as the engine settles them. */
export function ruled(
  gate: PlanGate,
  {
    objects,
    answers,
    settled,
  }: { objects: readonly PluginObject[]; answers: readonly Outcome[]; settled: ReadonlySet<string> },
): Outcome[] {
  const byId = new Map(answers.map((outcome) => [outcome.objectId, outcome]));
  return placedOf(objects).flatMap((placed) => {
    const { id } = placed.object!;
    const answer = byId.get(id);
    if (answer !== undefined && settled.has(id)) return [answer];
    const outcome = gate.rule(placed, answer && { placed, ...answer });
    if (outcome === undefined) return [];
    const { placed: _, ...rest } = outcome;
    return [{ objectId: id, ...rest } as Outcome];
  });
}
