import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { promptSecret, secretFromStdin } from './read-secret.js';

function keyboard() {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  return { stdin, stderr: new PassThrough(), modes };
}

/** All that was written so far. */
function writtenTo(stream: PassThrough): string {
  let text = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk);
  return text;
}

describe('promptSecret', () => {
  it('reads what is typed, with corrections, and echoes nothing of it', async () => {
    const { stdin, stderr, modes } = keyboard();
    const asked = promptSecret({ stdin, stderr }, 'API token');
    stdin.write('wrong\u0015s3cr');
    stdin.write('x\u007fet\r');
    expect(await asked).toBe('s3cret');
    expect(writtenTo(stderr)).toBe('API token: \n');
    expect(modes).toEqual([true, false]);
  });

  it('gives up on Ctrl-C and puts the terminal back', async () => {
    const { stdin, stderr, modes } = keyboard();
    const asked = promptSecret({ stdin, stderr }, 'API token');
    stdin.write('abc\u0003');
    await expect(asked).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(modes).toEqual([true, false]);
  });

  it('refuses to ask where there is no terminal', async () => {
    const streams = { stdin: new PassThrough(), stderr: new PassThrough() };
    await expect(promptSecret(streams, 'API token')).rejects.toMatchObject({ code: 'SECRET_NEEDS_TERMINAL' });
  });
});

describe('secretFromStdin', () => {
  it('takes everything but the line break at the end', async () => {
    const stdin = new PassThrough();
    stdin.end(' two words \r\n');
    expect(await secretFromStdin(stdin, 'apiToken')).toBe(' two words ');
  });

  it.each([
    ['nothing', '\n'],
    ['too much', 'x'.repeat(65 * 1024)],
  ])('refuses %s', async (_, text) => {
    const stdin = new PassThrough();
    stdin.end(text);
    await expect(secretFromStdin(stdin, 'apiToken')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
