import { notFound } from '@flyball/api';
import type { ByteSource, ObjectRange, ObjectStore } from './object-store.ts';

/** An object that is about to be read, whole or in parts. Nothing is held open until somebody reads. */
export interface OpenedObject {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly bytes: ByteSource;
  slice(range: ObjectRange): Promise<ByteSource>;
}

export async function openObject(objects: ObjectStore, digest: string): Promise<OpenedObject> {
  const stored = await objects.stat(digest);
  if (stored === null) throw notFound('object', digest);
  return { ...stored, bytes: await objects.get(digest), slice: async (range) => await objects.get(digest, range) };
}
