/** Entry point of `npx millrace`. */
import { readFileSync } from 'node:fs';
import { createProgram, runProgram } from './program.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// `millrace … | head` is no failure. Without a reader of standard error, results still have theirs.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

await runProgram(createProgram(version), process.argv.slice(2));
