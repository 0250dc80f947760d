/** What took longer than a soak waits for anything of its kind. */
export class Overdue extends Error {}

/** What comes of the work; after so many seconds it throws `Overdue`, and the work goes on unheard. */
export async function inTime<Result>(
  work: Promise<Result>,
  { what, seconds }: { what: string; seconds: number },
): Promise<Result> {
  // Made here, so that its stack says who waited.
  const overdue = new Overdue(`${what} took longer than ${seconds} s`);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(overdue), seconds * 1_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
