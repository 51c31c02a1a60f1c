import type { CodeLanguage, CodeRequest, CodeResult, CodeRunner } from '@millrace/contracts';
import { type Limits, overLimit } from '../cage/result.js';
import { type CodeRunnerOptions, settingsOf } from '../options.js';
import { Helper } from './helper.js';
import { Turns } from './turns.js';

export interface ManagedCodeRunner extends CodeRunner {
  /** Starts the interpreters ahead of the first run, which would start them otherwise. */
  start(): Promise<void>;
  /** Runs under way, runs that wait, and how many may go on at a time. */
  use(): Record<CodeLanguage, { used: number; waiting: number; max: number }>;
  /** Ends the helper process; runs that go on fail. */
  close(): Promise<void>;
}

/**
 * Longest code and inputs, in characters. Their interpreter could not read longer ones within its memory, and a thread of the
 * helper that had to hold them could take the whole process down.
 */
const longestRequest = ({ memoryBytes }: Limits): number => Math.min(memoryBytes / 8, 32 * 1_048_576);

/**
 * A `CodeRunner` whose interpreters live in one helper process of its own.
 * @throws RangeError for an option out of range
 */
export function createCodeRunner(options: CodeRunnerOptions = {}): ManagedCodeRunner {
  const settings = settingsOf(options);
  const { observer } = options;
  const helper = new Helper({
    settings,
    onError: (error) => options.onError?.(error),
    onStarted: () => observer?.helperStarted(),
  });
  const turns: Record<CodeLanguage, Turns> = {
    python3: new Turns(settings.interpreters.python3),
    javascript: new Turns(settings.interpreters.javascript),
  };

  /** `undefined` when it was cut off by `revoked`. */
  const runNow = async (request: CodeRequest, revoked: AbortSignal): Promise<CodeResult | undefined> => {
    const { language, code, inputs, signal } = request;
    const { id, result } = helper.run({ language, code, inputs });
    return await new Promise((resolve, reject) => {
      const abort = (): void => {
        helper.cancel(id);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      revoked.addEventListener('abort', () => {
        signal.removeEventListener('abort', abort);
        helper.cancel(id);
        resolve(undefined);
      });
      void result.then((value) => {
        signal.removeEventListener('abort', abort);
        resolve(value);
      });
    });
  };

  /** Runs when it is its turn. `undefined` when the turn was revoked. */
  const inTurn = async (
    request: CodeRequest,
    take: (revoke: () => void) => Promise<() => void>,
  ): Promise<CodeResult | undefined> => {
    const arrived = performance.now();
    const revoked = new AbortController();
    const giveBack = await take(() => revoked.abort());
    const began = performance.now();
    request.onBegin?.();
    const report = (outcome: Parameters<NonNullable<typeof observer>['runEnded']>[1]): void =>
      observer?.runEnded(request.language, outcome, (performance.now() - began) / 1_000, (began - arrived) / 1_000);
    try {
      const result = await runNow(request, revoked.signal);
      if (result) report(result.status === 'returned' ? 'returned' : (result.limit ?? 'failed'));
      return result;
    } catch (error) {
      report('aborted');
      throw error;
    } finally {
      giveBack();
    }
  };

  return {
    async run(request) {
      const { language, tenantId, signal } = request;
      signal.throwIfAborted();
      const limits = settings.limits[language];
      if (request.code.length + request.inputs.length > longestRequest(limits))
        return overLimit('memory', limits, 'The inputs of the code are too large');
      const first = await inTurn(request, (revoke) => turns[language].take(tenantId, signal, revoke));
      // A run whose turn was revoked has had no effect, so it may begin anew.
      const result = first ?? (await inTurn(request, () => turns[language].takeLong(tenantId, signal)));
      if (!result) throw new Error('unreachable');
      return result;
    },
    use() {
      const of = (language: CodeLanguage) => {
        const { taken: used, waiting } = turns[language];
        return { used, waiting, max: settings.interpreters[language] };
      };
      return { python3: of('python3'), javascript: of('javascript') };
    },
    start: () => helper.start(),
    close: () => helper.close(),
  };
}
