/** Entry point of `npx millrace`. */
import { readFileSync } from 'node:fs';
import { createProgram, runProgram } from './program.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// `millrace … | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

await runProgram(createProgram(version), process.argv.slice(2));
