import { decodeUtf8 } from './utf8.ts';

/**
 * Reads the protobuf wire format of one message: call `next` until it answers false, then read or skip the field it
 * stands on. Throws a RangeError on bytes that are not protobuf.
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #wire = -1;
  /** Number of the field the reader stands on. */
  field = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const tag = Number(this.#varint());
    this.field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    if (this.field === 0) throw new RangeError('Not protobuf: field 0');
    return true;
  }

  /** The integer of a varint field, signed. */
  int(): number {
    this.#expect(0);
    return Number(BigInt.asIntN(64, this.#varint()));
  }

  /** The bytes of a length-delimited field, a view on the message. */
  bytes(): Uint8Array {
    this.#expect(2);
    const length = Number(this.#varint());
    this.#need(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  string(): string {
    return decodeUtf8(this.bytes());
  }

  message(): ProtobufReader {
    return new ProtobufReader(this.bytes());
  }

  /** Passes over the field. */
  skip(): void {
    if (this.#wire === 0) this.#varint();
    else if (this.#wire === 1) this.#pass(8);
    else if (this.#wire === 2) this.bytes();
    else if (this.#wire === 5) this.#pass(4);
    else throw new RangeError(`Not protobuf: wire type ${this.#wire}`);
  }

  #pass(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw new RangeError(`Not protobuf: field ${this.field} has wire type ${this.#wire}`);
  }

  #need(count: number): void {
    if (this.#at + count > this.#bytes.length) throw new RangeError('Not protobuf: the message ends too early');
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      this.#need(1);
      const byte = this.#bytes[this.#at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError('Not protobuf: a number is too long');
  }
}
