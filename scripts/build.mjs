// Compiles every workspace, incrementally. `npm run build`
import { buildAll } from './compile.mjs';
import { prepareToolchain } from './toolchain.mjs';

buildAll(prepareToolchain());
