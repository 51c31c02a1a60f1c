import type { CodeLanguage } from '@millrace/contracts';
import { createNodeExecutors } from '@millrace/nodes';
import { createCodeRunner } from '@millrace/sandbox';
import { execute, expectOutput, uniqueText, type OpenSubject } from './subject.js';
import { unused } from './unused.js';

/** A code node in the cage with its helper process; the first cold start fills `cacheDir` with Python's snapshot. */
export const codeSubject =
  (language: CodeLanguage, code: string, cacheDir: string): OpenSubject =>
  async (interpreters = 1) => {
    const onError = (error: Error): void => console.error(error);
    const sizes = { python3: 1, javascript: 1, [language]: interpreters };
    const runner = createCodeRunner({ interpreters: sizes, spares: 0, cacheDir, onError });
    const executor = createNodeExecutors({ ...unused, code: runner }).get('code');
    const data = {
      code,
      code_language: language,
      variables: [{ variable: 'text', value_selector: ['start', 'text'] }],
      outputs: { text: { type: 'string', children: null } },
    };
    return {
      interpreters,
      async call(tenantId) {
        const text = uniqueText();
        expectOutput(await execute(executor, { tenantId, data, variables: { text } }), 'text', text.toUpperCase());
      },
      close: () => runner.close(),
    };
  };
