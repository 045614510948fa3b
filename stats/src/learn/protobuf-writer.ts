import { encodeUtf8 } from './utf8.ts';

/**
 * Writes the protobuf wire format (protobuf.dev, "Encoding"): one message, field by field. Nested messages are written
 * with their own writer and added as bytes.
 */
export class ProtobufWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  #length = 0;

  /** A varint field of an integer that is exact as a number; negative ones take ten bytes as int64 does. */
  int(field: number, value: number): this {
    this.#varint(field * 8);
    this.#signed(value);
    return this;
  }

  /** A fixed32 field holding a float. */
  float(field: number, value: number): this {
    this.#varint(field * 8 + 5);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** A length-delimited field of raw bytes. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encodeUtf8(value));
  }

  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.finish());
  }

  /** A packed repeated field of integers. */
  packedInts(field: number, values: ArrayLike<number>): this {
    const packed = new ProtobufWriter();
    for (let i = 0; i < values.length; i++) packed.#signed(values[i]!);
    return this.message(field, packed);
  }

  /** A packed repeated field of floats. */
  packedFloats(field: number, values: ArrayLike<number>): this {
    const packed = new Uint8Array(values.length * 4);
    const view = new DataView(packed.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i]!, true);
    return this.bytes(field, packed);
  }

  /** The bytes written so far. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #signed(value: number): void {
    if (value >= 0) {
      this.#varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    this.#reserve(10);
    for (let i = 0; i < 9; i++) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
