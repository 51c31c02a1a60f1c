import type { NodeExecutor, NodeResult, Value, ValueObject } from '@millrace/contracts';

/**
 * Executors that let a test decide when and how a node ends: a template node whose text is `hold`
 * waits for `release` or its abort, `provider` fails as a model provider does, `boom` fails, any
 * other text is its output.
 */
export interface StubNodes {
  executors: Map<string, NodeExecutor>;
  /** Resolves when so many nodes wait. */
  arrivals(count: number): Promise<void>;
  /** Lets the nodes that wait go on; waits for one first. */
  release(): Promise<void>;
}

const succeeded = (outputs: ValueObject): NodeResult => ({
  ...{ inputs: {}, processData: {}, metadata: {} },
  ...{ status: 'succeeded', outputs, handle: 'source' },
});

const failed = (error: string, code?: string): NodeResult => ({
  ...{ inputs: {}, processData: {}, metadata: {} },
  ...{ status: 'failed', error, errorType: '' },
  ...(code === undefined ? {} : { code }),
});

export function createStubNodes(): StubNodes {
  let gate = Promise.withResolvers<undefined>();
  let waiting = 0;
  const arrived: (() => void)[] = [];

  const arrivals = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (waiting >= count) resolve();
      };
      arrived.push(look);
      look();
    });

  const start: NodeExecutor = { type: 'start', execute: async ({ inputs }) => succeeded(inputs) };

  const template: NodeExecutor = {
    type: 'template-transform',
    async execute({ data, signal, reportInputs }) {
      if (data['template'] === 'provider') return failed('No credentials.', 'provider_not_initialize');
      if (data['template'] === 'boom') return failed('It broke.');
      if (data['template'] === 'hold') {
        const aborted = new Promise<undefined>((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
        );
        reportInputs?.({ held: true });
        waiting += 1;
        for (const look of arrived) look();
        await Promise.race([gate.promise, aborted]);
      }
      return succeeded({ output: data['template'] ?? null });
    },
  };

  const end: NodeExecutor = {
    type: 'end',
    async execute({ data, scope }) {
      const declared = data['outputs'] as { variable: string; value_selector: string[] }[];
      const outputs = declared.map(({ variable, value_selector }): [string, Value] => [
        variable,
        scope.get(value_selector) ?? null,
      ]);
      return succeeded(Object.fromEntries(outputs));
    },
  };

  return {
    executors: new Map([start, template, end].map((executor) => [executor.type, executor])),
    arrivals,
    async release() {
      await arrivals(1);
      waiting = 0;
      gate.resolve(undefined);
      gate = Promise.withResolvers();
    },
  };
}
