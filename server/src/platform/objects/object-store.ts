/** Immutable bytes, named by what they are. */
export interface StoredObject {
  /** SHA-256 of the content, 64 lower-case hexadecimal digits. */
  digest: string;
  sizeBytes: number;
}

export interface ObjectRange {
  /** First byte, counted from 0. */
  start: number;
  /** Last byte, itself included, as in an HTTP range. The end of the object when absent or beyond it. */
  end?: number;
}

export interface ObjectStore {
  /** Stores a stream. The object appears whole or not at all; storing the same bytes again changes nothing. */
  put(source: AsyncIterable<Uint8Array> | Uint8Array, limit?: { maxBytes?: number }): Promise<StoredObject>;
  /**
   * Takes over a finished local file: afterwards the file is gone from `path`, and nobody may still write to it.
   * Somebody else's file goes through `put(createReadStream(path))`.
   */
  putFile(path: string): Promise<StoredObject>;
  /** The bytes, or a part of them. An unknown digest is `not_found` already here, not at the first chunk. */
  get(digest: string, range?: ObjectRange): Promise<AsyncIterable<Uint8Array>>;
  /** All bytes at once, checked against the digest. For small objects. */
  read(digest: string): Promise<Uint8Array>;
  stat(digest: string): Promise<StoredObject | null>;
  /** Removes the object; one that does not exist is already removed. */
  delete(digest: string): Promise<void>;
  /** Whether the stored bytes still are what the digest says. Reads all of them. */
  verify(digest: string): Promise<boolean>;
  /** A read-only local path of the object, for engines that read files. */
  localPath(digest: string): Promise<string>;
}
