const shownLines = 12;

/** @type {[RegExp, (root: string) => string][]} */
const remedies = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network request/,
    () =>
      'The package registry cannot be reached. Check the network, and `npm config get proxy` behind a proxy, and run the command again.',
  ],
  [/ENOSPC/, (root) => `The disk is full. Free 2 GB where ${root} and the npm cache are, and run the command again.`],
  [
    /EACCES|EPERM|EROFS/,
    (root) =>
      `This user may not write to a file of ${root} or of the npm cache. Run the command as the user who installed before, or remove node_modules as that user.`,
  ],
  [/EINTEGRITY/, () => 'A downloaded package is damaged. Run `npm cache clean --force`, then the command again.'],
  [
    /EUSAGE|in sync/,
    () => 'package-lock.json does not match the package.json files. Run `npm install`, then the command again.',
  ],
  [
    /E404|ETARGET/,
    () => 'The package registry does not have a package that the lockfile names. Check `npm config get registry`.',
  ],
  [
    /could not be started/,
    () => 'npm is missing. It comes with Node from https://nodejs.org; install it and run the command again.',
  ],
];

/**
 * What a failed install means and what to do, then how npm put it: its first lines name the cause, the last ones a log.
 *
 * @param {string} output
 * @param {string} root
 */
export function installFailure(output, root) {
  const remedy = remedies.find(([pattern]) => pattern.test(output))?.[1](root);
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/complete log of this run/.test(line));
  const shown = lines.slice(0, shownLines).map((line) => `  ${line.trimEnd()}`);
  return [`Installing packages failed. ${remedy ?? 'Run `npm ci` to see why.'}`, ...shown].join('\n');
}
