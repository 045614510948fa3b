import type { Writable } from 'node:stream';

/** Immutable bytes, named by what they are. */
export interface StoredObject {
  /** SHA-256 of the content, 64 lower-case hexadecimal digits. */
  digest: string;
  sizeBytes: number;
}

export interface ListedObject extends StoredObject {
  readonly writtenAt: Date;
}

export interface ObjectRange {
  /** First byte, counted from 0. */
  start: number;
  /** Last byte, itself included, as in an HTTP range. The end of the object when absent or beyond it. */
  end?: number;
}

/** Bytes that can be read any number of times, from the start; and be sent somewhere, when that costs less. */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  /** Writes them; whoever calls it ends the stream. */
  sendTo?(out: Writable): Promise<void>;
}

/** A part of an upload, as the store named it when it arrived. */
export interface UploadedPart {
  /** From 1 to 10,000; the object is its parts in this order. */
  readonly number: number;
  readonly etag: string;
}

/** Objects that arrive in parts, in any order and at the same time, each of which can be sent again. */
export interface PartUploads {
  /** A name for the new upload, which nobody can guess. */
  start(): Promise<string>;
  /** Stores a part, in place of one with the same number. Returns its etag. */
  put(upload: string, number: number, source: AsyncIterable<Uint8Array> | Uint8Array): Promise<string>;
  /** Makes the object of these parts, all but the last of which have 5 MiB at least. The upload is gone afterwards. */
  complete(upload: string, parts: readonly UploadedPart[]): Promise<StoredObject>;
  /** Throws the parts away; an upload that does not exist is already gone. */
  abort(upload: string): Promise<void>;
  /** Where a part can be sent without us for that long; null when everything goes through us. */
  partUrl(upload: string, number: number, seconds: number): Promise<string | null>;
}

export interface ObjectStore {
  /**
   * Stores a stream. The object appears whole or not at all; storing the same bytes again changes nothing. A chunk is
   * read until the next one is asked for, and not after that.
   */
  put(source: AsyncIterable<Uint8Array> | Uint8Array, limit?: { maxBytes?: number }): Promise<StoredObject>;
  /**
   * Takes over a finished local file: afterwards the file is gone from `path`, and nobody may still write to it.
   * Somebody else's file goes through `put(createReadStream(path))`.
   */
  putFile(path: string): Promise<StoredObject>;
  /** The bytes, or a part of them. An unknown digest is `not_found` already here, not at the first chunk. */
  get(digest: string, range?: ObjectRange): Promise<ByteSource>;
  /** All bytes at once, checked against the digest. For small objects. */
  read(digest: string): Promise<Uint8Array>;
  stat(digest: string): Promise<StoredObject | null>;
  /** As `stat`, for whoever is about to refer to the object: the sweep leaves it alone until that has happened. */
  claim(digest: string): Promise<StoredObject | null>;
  /** Removes the object, unless it was written after that moment. False when nothing was removed. */
  delete(digest: string, writtenBefore?: Date): Promise<boolean>;
  /** All objects in the order of their digests, those after this one. */
  list(after?: string): AsyncIterable<ListedObject>;
  /** Removes what was begun before that moment and never finished: temporary files, uploads in parts. How many. */
  clean(begunBefore: Date): Promise<number>;
  /** Whether the stored bytes still are what the digest says. Reads all of them. */
  verify(digest: string): Promise<boolean>;
  /** A read-only local path of the object, for engines that read files. */
  localPath(digest: string): Promise<string>;
  /** Whether callers can be sent to the store itself, by links that it signs. */
  readonly direct: boolean;
  /** Where the object can be read without us for that long; null when everything goes through us. */
  objectUrl(digest: string, seconds: number): Promise<string | null>;
  readonly uploads: PartUploads;
}
