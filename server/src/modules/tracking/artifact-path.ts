import { invalidInput } from '@flyball/api';

/** S3 keys have at most 1,024 bytes; so have ours, that a store can be moved. */
const LONGEST_BYTES = 1_024;

/** Control characters, what Windows and URLs read as something else, and halves of surrogate pairs. */
const forbidden = /[\p{Cc}\\#\u2028\u2029]|\p{Cs}/u;

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign is a character like any other, but what stands around it is decoded all the same.
    return text.replace(/%[0-9a-f]{2}/gi, (code) => {
      const value = Number.parseInt(code.slice(1), 16);
      return value < 0x80 ? String.fromCharCode(value) : code;
    });
  }
}

/**
 * How `log_image` of MLflow's clients names a step: its percent signs are no codes, whatever the digits behind them.
 * Only before a letter that is in no code, so that the digits stay alone and can never become a slash or a dot.
 */
const STEP_OF_IMAGE = /%step%(\d+)%timestamp%(\d+)(?=%[g-z])/g;

/** Older ones write a number sign for a slash in the key: fine in the name of an image, and nowhere else. */
const SLASH_OF_KEY = /#(?=[^/]*(?:%step%\d+%timestamp%\d+%[g-z]|\+step\+\d+\+timestamp\+\d+\+)[^/]*$)/g;

/** The text and everything that decoding it makes of it, until nothing changes any more. */
function readings(given: string): string[] {
  const text = given.replace(SLASH_OF_KEY, '~').replace(STEP_OF_IMAGE, '-step-$1-timestamp-$2');
  const found = [text];
  for (let last = text; ; ) {
    const next = decodeOnce(last);
    if (next === last) return found;
    found.push(next);
    last = next;
  }
}

function isSafe(path: string): boolean {
  if (forbidden.test(path) || path.startsWith('/') || /^[A-Za-z]:/.test(path)) return false;
  return !path.split('/').includes('..');
}

/**
 * The one check of paths that callers give for artifacts: relative, inside, and the same however often it is decoded.
 * Returns the path without empty and `.` segments; `''` is the root. Everything else is an `invalid_input`.
 */
export function checkArtifactPath(path: string): string {
  if (path.length > LONGEST_BYTES || Buffer.byteLength(path) > LONGEST_BYTES || !readings(path).every(isSafe)) {
    throw invalidInput('Invalid path', [{ at: 'path', message: 'must be relative and stay inside its folder' }]);
  }
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
}

/** A path that names a file: not the root. */
export function checkArtifactFile(path: string): string {
  const checked = checkArtifactPath(path);
  if (checked === '' || path.endsWith('/')) throw invalidInput('Invalid path');
  return checked;
}
