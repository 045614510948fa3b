import { readFileSync } from 'node:fs';
import { serverFolder } from './server-files.ts';

const file = new URL('package.json', serverFolder);

/** The version of Flyball. */
export const version = (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
