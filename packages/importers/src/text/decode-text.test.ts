import { describe, expect, test } from '@jest/globals';
import { isFault, type Fault } from '@drover/model';
import fc from 'fast-check';
import { decodeText } from './decode-text.js';

/** What comes out, and the fault that ends it. */
async function decode(bytes: Buffer, chunkSize: number): Promise<{ text: string; fault?: Fault }> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
  }
  let text = '';
  try {
    for await (const piece of decodeText(source())) text += piece;
    return { text };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { text, fault: error };
  }
}

describe('decodeText', () => {
  test('gives the text whatever the chunks, without a byte order mark', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0') && !text.startsWith('\ufeff')),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (text, chunkSize, isMarked) => {
          const bytes = Buffer.from((isMarked ? '\ufeff' : '') + text);
          expect(await decode(bytes, chunkSize)).toEqual({ text });
        },
      ),
    );
  });

  test.each([
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0]), 'IMPORT_NOT_TEXT', 'line 1', ''],
    ['a zip', Buffer.from('PK\u0003\u0004rest'), 'IMPORT_NOT_TEXT', 'line 1', ''],
    ['UTF-16', Buffer.from('\ufeffvalue', 'utf16le'), 'IMPORT_NOT_UTF8', 'line 1', ''],
    ['UTF-16 without a mark', Buffer.from('value', 'utf16le'), 'IMPORT_NOT_TEXT', 'line 1', ''],
    ['a NUL', Buffer.from('one\ntwo\nth\0ree\nfour'), 'IMPORT_NOT_TEXT', 'line 3', 'one\ntwo\n'],
    ['Latin-1', Buffer.from('one\ntw\u00f6\nthree', 'latin1'), 'IMPORT_NOT_UTF8', 'line 2', 'one\n'],
    ['a cut-off character', Buffer.from([0x61, 0x0a, 0x62, 0xe2, 0x82]), 'IMPORT_NOT_UTF8', 'line 2', 'a\nb'],
  ])('refuses %s, with the line, after the lines before it', async (_, bytes, code, path, before) => {
    for (const chunkSize of [1, 3, 1_000]) {
      const { text, fault } = await decode(bytes, chunkSize);
      expect(fault).toMatchObject({ code, path });
      if (chunkSize > 3) expect(text).toBe(before);
      else expect(text.startsWith(before)).toBe(true);
    }
  });
});
