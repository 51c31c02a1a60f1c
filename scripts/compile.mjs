import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runOrStop, say } from './toolchain.mjs';

/** Generates the database client and compiles all packages. Costs a second when nothing has changed. */
export function buildAll(node) {
  const generator = join(root, 'packages/store/scripts/generate.mjs');
  if (existsSync(generator)) runOrStop(node, [generator]);
  say('Compiling.');
  removeOrphans();
  runOrStop(node, [join(root, 'node_modules/typescript/bin/tsc'), '-b']);
  // What npm cannot pack (links, execute bits) is completed here, so that a start changes nothing.
  const prepare = "import('./packages/embedded/dist/index.js').then((embedded) => embedded.preparePostgresBinaries())";
  runOrStop(node, ['-e', `${prepare}.catch((error) => console.error(error.message))`]);
}

/** Removes what was compiled from files that are gone: their tests would still run. */
function removeOrphans() {
  for (const group of ['apps', 'packages']) {
    for (const name of readdirSync(join(root, group))) {
      const [dist, src] = [join(root, group, name, 'dist'), join(root, group, name, 'src')];
      if (!existsSync(dist) || !existsSync(src)) continue;
      for (const file of readdirSync(dist, { recursive: true })) {
        const stem = /^(.*)\.(?:js|d\.ts)(?:\.map)?$/.exec(file)?.[1];
        if (stem === undefined || existsSync(join(src, `${stem}.ts`))) continue;
        rmSync(join(dist, file));
      }
    }
  }
}
