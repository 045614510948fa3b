import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, encodeRows, FrameReader, type Message, type SentTensor } from './frame.ts';
import { concatData, type Datatype, datatypes, decodeRaw, emptyData, encodeRaw } from './tensor.ts';

const element: Record<Datatype, fc.Arbitrary<number | bigint | string>> = {
  BOOL: fc.integer({ min: 0, max: 1 }),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32_768, max: 32_767 }),
  INT32: fc.integer(),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  UINT8: fc.integer({ min: 0, max: 255 }),
  UINT16: fc.integer({ min: 0, max: 65_535 }),
  UINT32: fc.integer({ min: 0, max: 4_294_967_295 }),
  UINT64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  FP32: fc.float(),
  FP64: fc.double(),
  BYTES: fc.string({ unit: 'binary' }),
};

const tensor: fc.Arbitrary<SentTensor> = fc
  .tuple(fc.constantFrom(...datatypes), fc.nat({ max: 9 }))
  .chain(([datatype, length]) =>
    fc.array(element[datatype], { minLength: length, maxLength: length }).map((values) => {
      const data = emptyData(datatype, values.length);
      for (const [i, value] of values.entries()) (data as unknown[])[i] = value;
      return { datatype, data };
    }),
  );

function cut(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

describe('tensors and frames', () => {
  it('come back from raw bytes as they were, whatever their datatype', () => {
    fc.assert(
      fc.property(tensor, ({ datatype, data }) => {
        assert.deepEqual(decodeRaw(datatype, data.length, encodeRaw(data)), data);
      }),
    );
  });

  it('come through a stream that cuts frames anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(tensor, { maxLength: 3 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 50 }),
        (all, size) => {
          const frames = all.map((tensors, id) => ({
            message: (id % 2 === 0 ? { t: 'predict', id, rows: 7 } : { t: 'failed', message: '…' }) as Message,
            tensors: id % 2 === 0 ? tensors : [],
          }));
          const bytes = Buffer.concat(
            frames.map(({ message, tensors }) =>
              message.t === 'predict' || message.t === 'result'
                ? encodeRows(message.t, message.id, message.rows, tensors)
                : encodeFrame(message),
            ),
          );
          const heard: { message: Message; tensors: SentTensor[] }[] = [];
          const reader = new FrameReader();
          for (const chunk of cut(bytes, size))
            reader.push(chunk, (message, tensors) => heard.push({ message, tensors }));
          assert.deepEqual(heard, frames);
        },
      ),
    );
  });

  it('are put behind each other in order', () => {
    assert.deepEqual(concatData('FP32', [Float32Array.of(1, 2), Float32Array.of(3)]), Float32Array.of(1, 2, 3));
    assert.deepEqual(concatData('INT64', [BigInt64Array.of(1n), BigInt64Array.of(-2n)]), BigInt64Array.of(1n, -2n));
    assert.deepEqual(concatData('BYTES', [['a'], [], ['b']]), ['a', 'b']);
  });

  it('are refused when bytes and elements do not fit', () => {
    assert.throws(() => decodeRaw('FP32', 2, new Uint8Array(7)), { code: 'invalid_input' });
    assert.throws(() => decodeRaw('BOOL', 1, Uint8Array.of(2)), /0 or 1/);
    assert.throws(() => decodeRaw('BYTES', 1, Uint8Array.of(9, 0, 0, 0, 65)), /ends beyond/);
    assert.throws(
      () => decodeRaw('BYTES', 2, Uint8Array.of(1, 0, 0, 0, 65)),
      /1 elements of BYTES where the shape has 2/,
    );
    assert.throws(() => decodeRaw('BYTES', 1, Uint8Array.of(1, 0, 0, 0, 0xff)), /not UTF-8/);
  });

  it('are refused when a frame says it is larger than any may be', () => {
    const reader = new FrameReader();
    assert.throws(() => reader.push(Buffer.from([0xff, 0xff, 0xff, 0xff]), () => undefined), RangeError);
  });
});
