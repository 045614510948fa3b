/** The oldest Node whose npm can read the lockfile and install everything; Flyball runs on the Node that it brings. */
const oldest = { major: 20, minor: 19 };

/**
 * A sentence for whoever starts Flyball with a Node that is too old, or null when it is new enough.
 *
 * @param {string} version such as `18.20.4`
 * @returns {string | null}
 */
export function unsupportedNode(version) {
  const parts = version.split('.').map(Number);
  const major = parts[0] || 0;
  const minor = parts[1] || 0;
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return null;
  return `Flyball needs Node ${oldest.major}.${oldest.minor} or newer and this is Node ${version}: install a newer one from https://nodejs.org and run the command again.`;
}
