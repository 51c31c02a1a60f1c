// Runs a benchmark scenario. `npm run bench -- <scenario> [--json]`
import { buildAll } from './compile.mjs';
import { prepareToolchain, runInPlace } from './toolchain.mjs';

const node = prepareToolchain();
buildAll(node);
runInPlace(node, ['apps/bench/dist/main.js', ...process.argv.slice(2)]);
