import { pino, type Logger } from 'pino';
import type { Settings } from '../environment/settings.js';

const LEVEL_NAMES: Record<number, string> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** The log of this process, written to stderr: stdout belongs to results. */
export function createLog(
  { logLevel, logFormat }: Pick<Settings, 'logLevel' | 'logFormat'>,
  stderr: { write(text: string): unknown } = process.stderr,
): Logger {
  const write = (line: string) => void stderr.write(logFormat === 'pretty' ? prettyLine(line) : line);
  return pino({ level: logLevel, base: { pid: process.pid } }, { write });
}

/** A line of JSON as `12:03:04 WARN sentence  field=value`. */
function prettyLine(json: string): string {
  const { level, time, pid: _pid, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(time as number).toISOString().slice(11, 19);
  const rest = Object.entries(fields).map(
    ([name, value]) => `  ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${clock} ${LEVEL_NAMES[level as number]} ${String(msg)}${rest.join('')}\n`;
}
