import type { RunEvent } from '../api/shapes.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { paintFor } from '../output.js';
import { say } from '../say.js';
import { createJsonViewer, createViewer } from './viewer.js';
import { followRun, type FollowOptions } from './events.js';

export interface ShownRun extends Omit<FollowOptions, 'onBreak' | 'signal'> {
  json: boolean;
  /** Ends the streams of `open` and `first`. */
  watching: AbortController;
  /** Stops the run; set when Ctrl-C is to do so. */
  stopOnInterrupt?: () => Promise<unknown>;
}

/**
 * Shows a run to its end and sets the exit code: 0 when it succeeded (at least in part) or waits for input, else 1.
 * Ctrl-C stops watching and says that the run goes on, or stops the run (a second one stops watching).
 */
export async function showRun({ json, stopOnInterrupt, watching, ...options }: ShownRun): Promise<void> {
  const viewer = json ? createJsonViewer(say) : createViewer(process.stderr, paintFor(process.stderr));
  const interrupted = Promise.withResolvers<never>();
  let stopping = false;
  const onInterrupt = (): void => {
    if (stopOnInterrupt === undefined || stopping) {
      interrupted.reject(new CliError(exitCodes.interrupted, goesOn(options.runId)));
      return;
    }
    stopping = true;
    viewer.say('Stopping the run; Ctrl-C again only stops watching it.');
    stopOnInterrupt().catch((error: unknown) => interrupted.reject(error as Error));
  };
  process.on('SIGINT', onInterrupt);
  // Attempts that fail alike are told of once.
  let told: string | undefined;
  const events = followRun({
    ...options,
    signal: watching.signal,
    onBreak: (reason) => {
      if (reason !== told) viewer.say(`The stream broke off (${reason}); taking it up again.`);
      told = reason;
    },
  });
  try {
    let end: RunEvent | undefined;
    for (;;) {
      const coming = events.next();
      // It rejects by the abort when Ctrl-C won the race.
      coming.catch(() => undefined);
      const next = await Promise.race([coming, interrupted.promise]);
      if (next.done) break;
      told = undefined;
      viewer.show(next.value);
      end = next.value;
    }
    process.exitCode = end === undefined ? exitCodes.ok : codeOf(end);
  } finally {
    process.off('SIGINT', onInterrupt);
    viewer.close();
    watching.abort();
  }
}

const good = new Set(['succeeded', 'partial-succeeded']);

function codeOf(end: RunEvent): number {
  if (end.event !== 'workflow_finished') return exitCodes.ok;
  return good.has(String((end['data'] as { status?: unknown }).status)) ? exitCodes.ok : exitCodes.failed;
}

const goesOn = (runId: string): string =>
  `No longer watching; run ${runId} goes on.\n  follow it:  millrace tail ${runId}\n  stop it:    millrace stop ${runId}`;
