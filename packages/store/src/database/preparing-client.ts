import pg from 'pg';

/** Statements kept prepared on each connection, by their text. Those that come later are planned anew each time. */
const MAX_PREPARED = 300;
/** A statement that comes a third time will come again. */
const PREPARED_FROM = 3;

const seen = new Map<string, { times: number; name: string }>();

/** The name under which a statement stays prepared on its connection; none for one that is rare. */
function nameOf(text: string): string | undefined {
  let known = seen.get(text);
  if (known === undefined) {
    if (seen.size >= MAX_PREPARED) return undefined;
    known = { times: 0, name: `drover_${seen.size}` };
    seen.set(text, known);
  }
  known.times += 1;
  return known.times < PREPARED_FROM ? undefined : known.name;
}

type Query = (text: string, values?: readonly unknown[]) => unknown;

/**
 * A connection that has the server parse and plan a statement once and not each time: for the few statements that every batch
 * runs, planning costs more than running them.
 */
export class PreparingClient extends pg.Client {
  static {
    const query = pg.Client.prototype.query as unknown as Query;
    const prepared: Query = function (this: PreparingClient, text, values) {
      if (typeof text !== 'string' || values === undefined || values.length === 0) {
        return query.apply(this, [text, values]);
      }
      const name = nameOf(text);
      return query.apply(this, name === undefined ? [text, values] : [{ name, text, values } as never]);
    };
    Object.defineProperty(this.prototype, 'query', { value: prepared });
  }
}
