import { EventSourceParserStream } from 'eventsource-parser/stream';
import { setTimeout as pause } from 'node:timers/promises';
import { runEvent, type RunEvent } from '../api/shapes.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { reasonOf } from '../say.js';

/** Opens the stream of a run after an event. */
type Open = (after: string) => Promise<Response>;

export interface FollowOptions {
  runId: string;
  open: Open;
  /** A stream that is open already, such as that of the submission. */
  first?: Response;
  /** Default `0-0`: from the beginning. */
  after?: string;
  /** Told when a stream breaks off and will be taken up again. */
  onBreak: (reason: string) => void;
  /** Ends the pauses between attempts; streams end by that of the API. */
  signal?: AbortSignal;
  /** Time before the first further attempt, ms; doubles up to five seconds. Default 500. */
  pauseMs?: number;
}

/** Events that end a stream. */
const last = new Set(['workflow_finished', 'workflow_paused']);

/** Attempts in a row without an event; with their pauses they outlast the restart of a gateway (45 s). */
const vainAttempts = 12;

/**
 * The events of a run to its end. A stream that breaks off, whatever the reason, is taken up again after its last event,
 * on any gateway that answers, so that every event comes once.
 * @throws CliError when the server says no, and when it can't be reached for too long (the run goes on)
 */
export async function* followRun(options: FollowOptions): AsyncGenerator<RunEvent> {
  const { runId, open, onBreak, signal, pauseMs = 500 } = options;
  let after = options.after ?? '0-0';
  let answer = options.first;
  for (let vain = 0; vain < vainAttempts; vain += 1) {
    let reason = 'the connection was closed';
    try {
      answer ??= await open(after);
      // 204: nothing comes after this event.
      if (answer.status === 204) return;
      for await (const event of eventsOf(answer)) {
        if (event.event_id !== undefined) after = event.event_id;
        vain = 0;
        yield event;
        if (last.has(event.event)) return;
      }
    } catch (error) {
      if (signal?.aborted) throw error;
      if (error instanceof CliError && error.exitCode !== exitCodes.unavailable) throw error;
      reason = reasonOf(error);
    }
    answer = undefined;
    onBreak(reason);
    await pause(Math.min(pauseMs * 2 ** vain, 5000), undefined, signal ? { signal } : {});
  }
  throw new CliError(exitCodes.unavailable, `Run ${runId} can't be followed now; it goes on.`);
}

/** Reads server-sent events; a frame without `data` (a ping) is skipped. */
async function* eventsOf(answer: Response): AsyncGenerator<RunEvent> {
  if (!answer.body) return;
  const frames = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { id, data } of frames) {
    if (data === '') continue;
    const event = runEvent.parse(JSON.parse(data));
    yield id === undefined ? event : { ...event, event_id: id };
  }
}
