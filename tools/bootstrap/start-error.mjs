/** Why Flyball cannot start, in words for the person who started it; shown without a stack. */
export class StartError extends Error {
  /** @override */
  name = 'StartError';
}

/**
 * Runs a script's work and tells a StartError in its own words.
 *
 * @param {() => Promise<void>} work
 */
export async function explainStartErrors(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
