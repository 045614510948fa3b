import { invalidInput } from '@flyball/api';

const hasLeft = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ECONNRESET';

/**
 * The chunks of a request's body. Each is good until the next is asked for: its memory is given back then, because
 * waiting for the collection of so much garbage costs an upload half of its speed.
 */
export async function* bodyChunks(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      yield chunk;
      const { buffer } = chunk;
      // Only memory that is this chunk alone: the parser of Node copies each one into its own.
      if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength) buffer.transfer(0);
    }
  } catch (error) {
    throw hasLeft(error) ? invalidInput('The sender left before the end of the body') : error;
  }
}
