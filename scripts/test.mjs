// The gate: builds, lints, checks the format, runs every test on real services. `npm test [-- jest arguments]`
// With --full the long fault, fuzz and batch sizes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { prepareToolchain, root, say, toolEnv } from './toolchain.mjs';

const jestArguments = process.argv.slice(2).filter((argument) => argument !== '--full');
const isFull = process.argv.includes('--full');
const node = prepareToolchain();
const results = mkdtempSync(join(tmpdir(), 'millrace-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

check('Building', ['scripts/build.mjs']);
if (total.failed === 0) {
  check('Linting', ['node_modules/eslint/bin/eslint.js', '.']);
  check('Checking the format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']);
  // Whole-system tests kill and freeze processes and measure seconds: one file at a time, nothing beside them.
  runTests('unit', ['--testPathIgnorePatterns', '/node_modules/', '/apps/e2e/']);
  runTests('e2e', ['--testPathPatterns', '/apps/e2e/', '--runInBand']);
}
rmSync(results, { recursive: true, force: true });
// Here once more, so that the end of a long log says what failed.
for (const line of failures.slice(0, 60)) say(line);
if (failures.length > 60) say(`… and ${failures.length - 60} more failures`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 ? 0 : 1;

function check(what, words) {
  say(`${what}.`);
  const begin = Date.now();
  const ok = run(words).status === 0;
  say(`${what}: ${ok ? 'ok' : 'failed'} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
  if (!ok) total.failed++;
}

function runTests(name, choice) {
  const file = join(results, `${name}.json`);
  // A failed test may leave a server open: the gate ends all the same.
  const output = ['--json', `--outputFile=${file}`, '--passWithNoTests', '--forceExit'];
  run(['node_modules/jest/bin/jest.js', ...output, ...jestArguments, ...choice]);
  const result = readResult(file);
  total.passed += result.numPassedTests;
  // A file that could not even be loaded has no tests to count; neither has a run that broke off.
  total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  total.skipped += result.numPendingTests + result.numTodoTests;
  if (!result.success && total.failed === 0) total.failed++;
  failures.push(...result.testResults.flatMap(failuresOf));
}

/** A line for each failed test of a file, or for a file that could not be run. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [`FAILED ${file}: ${brief(message)}`] : [];
  return failed.map((test) => `FAILED ${file} › ${test.fullName}: ${brief(test.failureMessages.join('\n'))}`);
}

function brief(text) {
  return stripVTControlCharacters(text).replaceAll(/\s+/g, ' ').slice(0, 300);
}

function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    say(`The test run ended without results: ${error.message}`);
    const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
    return { ...none, numRuntimeErrorTestSuites: 1, success: false, testResults: [] };
  }
}

function run(words) {
  const env = {
    ...toolEnv,
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
    ...(isFull ? { MILLRACE_TEST_FULL: '1' } : {}),
  };
  // jest prints its whole result to standard output under --json; the file has it already.
  const stdio = ['ignore', words[0].includes('jest') ? 'ignore' : 2, 2];
  return spawnSync(node, words, {
    cwd: root,
    env,
    stdio,
    timeout: (isFull ? 120 : 30) * 60_000,
    killSignal: 'SIGKILL',
  });
}
