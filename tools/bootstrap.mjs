// Entry of every npm script. This file and supported-node.mjs keep to syntax that very old versions of Node
// can parse, so that they get a sentence and not a syntax error.
import { unsupportedNode } from './bootstrap/supported-node.mjs';

const problem = unsupportedNode(process.versions.node);
if (problem === null) {
  void import('./bootstrap/launch.mjs').then((launcher) => launcher.launch(process.argv.slice(2)));
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
