// Brings up everything on this machine and stays in the foreground. `npm start`
import { buildAll } from './compile.mjs';
import { prepareToolchain, runInPlace } from './toolchain.mjs';

const node = prepareToolchain();
buildAll(node);
runInPlace(node, ['apps/cli/dist/start.js']);
