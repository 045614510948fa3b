// Builds web/dist where it is older than its sources, as `npm start` does before it serves them.
import { resolve } from 'node:path';
import { explainStartErrors } from './bootstrap/start-error.mjs';
import { buildWeb } from './bootstrap/web-build.mjs';

await explainStartErrors(() => buildWeb(resolve(import.meta.dirname, '..'), process.execPath));
