/** Polls until `condition` holds; fails after `seconds`. */
export async function waitFor(condition: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It did not happen within ${seconds} seconds: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
