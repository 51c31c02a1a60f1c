/** Entry point of a thread that does checks, one at a time; whoever started it ends it when one takes too long. */
import { parentPort } from 'node:worker_threads';
import { check, type Check } from './check.js';

// The validator is loaded ahead: its time is not the check's.
await check({ kind: 'schema', schema: '{}', text: '' });
parentPort?.on('message', (wanted: Check) => {
  void check(wanted).then((finding) => parentPort?.postMessage(finding));
});
parentPort?.postMessage('ready');
