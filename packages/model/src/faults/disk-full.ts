/** The system, a quota, and PostgreSQL say by `code` that there is no space. */
const FULL_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT', '53100'];
/** As SQLite does by `errcode`. */
const SQLITE_FULL = 13;

/** Whether what was thrown says that a disk is full, whoever threw it. */
export function isDiskFull(thrown: unknown): boolean {
  const { code, errcode } = (thrown ?? {}) as { code?: unknown; errcode?: unknown };
  return FULL_CODES.includes(code) || errcode === SQLITE_FULL;
}
