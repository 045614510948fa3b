/**
 * One line on stderr that tells what takes so long; in a terminal its seconds count up.
 *
 * @param {string} what
 * @returns {{ end: (how: string) => void }}
 */
export function startProgress(what) {
  const started = Date.now();
  const isTerminal = process.stderr.isTTY === true;
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const write = (/** @type {string} */ text) => process.stderr.write(text);
  write(isTerminal ? `${what} …` : `${what} …\n`);
  const timer = isTerminal ? setInterval(() => write(`\r${what} … ${seconds()} s`), 1000) : undefined;
  return {
    end(how) {
      clearInterval(timer);
      write(isTerminal ? `\r${what}: ${how} in ${seconds()} s\n` : `${what}: ${how} in ${seconds()} s\n`);
    },
  };
}
