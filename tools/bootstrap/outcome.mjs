/** @type {NodeJS.Signals[]} */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * How a child that prints nothing itself ended, and all it said. A signal that asks this process to end is passed on
 * and obeyed once the child has ended, so that none is left behind writing to the same folder.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<{ code: number, output: string }>}
 */
export function outcomeOf(child) {
  let output = '';
  const keep = (/** @type {Buffer} */ chunk) => {
    output += chunk;
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  /** @type {NodeJS.Signals | undefined} */
  let asked;
  const passOn = (/** @type {NodeJS.Signals} */ signal) => {
    asked = signal;
    child.kill(signal);
  };
  for (const signal of endings) process.on(signal, passOn);
  return new Promise((done) => {
    child.once('error', (error) =>
      done({ code: 1, output: `${child.spawnfile} could not be started: ${error.message}` }),
    );
    child.once('close', (code) => {
      for (const signal of endings) process.off(signal, passOn);
      if (asked) process.kill(process.pid, asked);
      else done({ code: code ?? 1, output });
    });
  });
}
