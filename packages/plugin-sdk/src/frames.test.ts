import { Writable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, FrameReader, FrameWriter } from './frames.js';

const MAX = 1_000;
const encode = (message: object) => encodeFrame(message, MAX);
const decode = (frames: Iterable<Buffer>) => [...frames].map((frame) => JSON.parse(frame.toString('utf8')));

function faultOf(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

describe('frames', () => {
  test('come out as they went in, however the pipe cuts them', () => {
    const messages = fc.array(fc.record({ text: fc.string({ unit: 'binary', maxLength: 50 }) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(encode));
        const reader = new FrameReader({ maxBytes: MAX });
        const received: unknown[] = [];
        for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
          const size = cuts[cut % cuts.length]!;
          received.push(...decode(reader.read(bytes.subarray(at, at + size))));
          at += size;
        }
        // Lone surrogates are no UTF-8: they arrive as what JSON escapes them to.
        expect(received).toEqual(sent);
      }),
    );
  });

  test('of many bytes outside ASCII measure their bytes', () => {
    const reader = new FrameReader({ maxBytes: MAX });
    const message = { text: '日本語 ünïcödé 🦊' };
    expect(decode(reader.read(encode(message)))).toEqual([message]);
  });

  test.each([
    ['empty', 0],
    ['one byte too long', MAX + 1],
    ['of four gigabytes', 0xffffffff],
  ])('that are %s are refused by their length alone', (_what, length) => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    const reader = new FrameReader({ maxBytes: MAX });
    expect([...reader.read(header.subarray(0, 3))]).toEqual([]);
    expect(faultOf(() => [...reader.read(header.subarray(3))])).toMatchObject({ code: 'PLUGIN_CONTRACT' });
  });

  test('that are too long are not sent', () => {
    expect(encode({ text: 'x'.repeat(MAX - 11) })).toHaveLength(MAX + 4);
    expect(faultOf(() => encode({ text: 'x'.repeat(MAX - 10) }))).toMatchObject({ code: 'PLUGIN_CONTRACT' });
  });

  test('of what is no JSON are not sent', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const message of [cycle, { count: 1n }]) {
      expect(faultOf(() => encode(message))).toMatchObject({ code: 'PLUGIN_CONTRACT' });
    }
  });
});

describe('frames on their way', () => {
  /** A pipe that keeps what each of its writes had. */
  function pipeTo(writes: string[][]): FrameWriter {
    const pipe = new Writable({
      write(chunk: Buffer, _encoding, done) {
        writes.push([chunk.toString()]);
        done();
      },
      writev(chunks, done) {
        writes.push(chunks.map(({ chunk }) => String(chunk)));
        done();
      },
    });
    return new FrameWriter(pipe);
  }
  const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];

  test('of one turn leave together', async () => {
    const writes: string[][] = [];
    const writer = pipeTo(writes);
    writer.write(a);
    writer.write(b);
    expect(writes).toEqual([]);
    await nextTurn();
    writer.write(c);
    await nextTurn();
    expect(writes).toEqual([['a', 'b'], ['c']]);
  });

  test('that may wait leave with the next one, in order', async () => {
    const writes: string[][] = [];
    const writer = pipeTo(writes);
    writer.write(a, { mayWait: true });
    await nextTurn();
    expect(writes).toEqual([]);
    writer.write(b);
    writer.write(c, { mayWait: true });
    await nextTurn();
    expect(writes).toEqual([['a', 'b', 'c']]);
  });

  test('that may wait leave by themselves when no other one comes', async () => {
    const writes: string[][] = [];
    const writer = pipeTo(writes);
    for (const frame of [a, b]) {
      writer.write(frame, { mayWait: true });
      await sleep(50);
    }
    expect(writes).toEqual([['a'], ['b']]);
  });
});
