import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StartError } from '../bootstrap/start-error.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const elsewhere = ['/usr/bin/chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** The browser that the journeys drive: the one in FLYBALL_CHROMIUM, or one that is installed. */
export function chromium(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['FLYBALL_CHROMIUM'];
  if (chosen !== undefined && chosen !== '') {
    if (isProgram(chosen)) return chosen;
    throw new StartError(`FLYBALL_CHROMIUM names ${chosen}, which is not a program.`);
  }
  const folders = (env['PATH'] ?? '').split(delimiter);
  const found = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...elsewhere].find(isProgram);
  if (found !== undefined) return found;
  throw new StartError(
    'The journeys need a Chromium: install it (on Debian `apt-get install chromium`) or name one in FLYBALL_CHROMIUM.',
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
