import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StatusLine } from './status-line.js';

function terminal(): PassThrough & { isTTY: boolean; columns: number } {
  return Object.assign(new PassThrough(), { isTTY: true, columns: 20 });
}

/** All that was written so far. */
function writtenTo(stream: PassThrough): string {
  let text = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk);
  return text;
}

describe('StatusLine', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void jest.useRealTimers());

  it('rewrites one line on a terminal, cut to its width, and takes it off at the end', () => {
    const stream = terminal();
    const line = new StatusLine(stream, { quiet: false });
    line.update('first');
    line.update('too soon');
    jest.advanceTimersByTime(100);
    line.update('a text longer than the terminal');
    line.clear();
    expect(writtenTo(stream)).toBe('\r\u001b[Kfirst\r\u001b[Ka text longer than…\r\u001b[K');
  });

  it('prints plain lines off a terminal, every five seconds', () => {
    const stream = new PassThrough();
    const line = new StatusLine(stream, { quiet: false });
    line.update('at once');
    jest.advanceTimersByTime(5000);
    line.update('one');
    jest.advanceTimersByTime(4999);
    line.update('two');
    jest.advanceTimersByTime(1);
    line.update('three');
    line.clear();
    expect(writtenTo(stream)).toBe('one\nthree\n');
  });

  it('says nothing with --quiet', () => {
    const stream = terminal();
    const line = new StatusLine(stream, { quiet: true });
    line.update('first');
    line.print('kept');
    line.clear();
    expect(writtenTo(stream)).toBe('');
  });

  it('prints lasting lines above the live one', () => {
    const stream = terminal();
    const line = new StatusLine(stream, { quiet: false });
    line.update('live');
    line.print('kept');
    expect(writtenTo(stream)).toBe('\r\u001b[Klive\r\u001b[Kkept\n');
  });
});
