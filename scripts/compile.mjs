import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, runOrStop, say } from './toolchain.mjs';

/** Generates the database client and compiles all packages. Costs a second when nothing has changed. */
export function buildAll(node) {
  const generator = join(root, 'packages/store/scripts/generate.mjs');
  if (existsSync(generator)) runOrStop(node, [generator]);
  say('Compiling.');
  runOrStop(node, [join(root, 'node_modules/typescript/bin/tsc'), '-b']);
  // What npm cannot pack (links, execute bits) is completed here, so that a start changes nothing.
  const prepare = "import('./packages/embedded/dist/index.js').then((embedded) => embedded.preparePostgresBinaries())";
  runOrStop(node, ['-e', `${prepare}.catch((error) => console.error(error.message))`]);
}
