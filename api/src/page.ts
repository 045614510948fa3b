import { z } from 'zod';

/** A name of anything in a project: what a URL, a file and a shell take without quoting. */
export const Name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'Names are letters, digits, dots, dashes and underscores');

/** The project in a path. */
export const ProjectParams = z.object({ project: Name });

/** ISO 8601 in UTC. Periods are added to moments, so the last century of four-digit years is left for the sums. */
export const Timestamp = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) < Date.UTC(9900, 0), 'Moments are before the year 9900');

/** The SHA-256 of some bytes. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'A SHA-256 in lower-case hex');

/** Keyset pages: pass `pageToken` back to go on; absent in the answer at the end. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  pageToken: z.string().max(2000).optional(),
  search: z.string().max(200).optional(),
  order: z.string().max(100).optional(),
});

/** A page of items. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextPageToken: z.string().optional(), total: z.number().int().optional() });
}

/** Nothing to say. */
export const Empty = z.object({});
/** Any JSON object. */
export const JsonObject = z.record(z.string(), z.unknown());
