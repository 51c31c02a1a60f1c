import { end, http, ifElse, llm, start, template, workflowFile } from '@millrace/testing';

/** start → three templates → end. */
export const chain5 = (): string =>
  workflowFile({
    name: 'chain5',
    nodes: [
      start([{ variable: 'text', required: true }]),
      template('a', '{{ x }}-a', { x: ['start', 'text'] }),
      template('b', '{{ x }}-b', { x: ['a', 'output'] }),
      template('c', '{{ x }}-c', { x: ['b', 'output'] }),
      end({ result: ['c', 'output'] }),
    ],
  });

/** start → model → end. */
export const ask = (): string =>
  workflowFile({
    name: 'ask',
    nodes: [
      start([{ variable: 'question', type: 'paragraph', required: true }]),
      llm('model', 'Q: {{#start.question#}}'),
      end({ answer: ['model', 'text'] }),
    ],
  });

/** start → HTTP call → if-else on the status → end, or the fail branch to another end. */
export const fetchAndBranch = (url: string): string =>
  workflowFile({
    name: 'fetch and branch',
    nodes: [
      start([{ variable: 'name', required: true }]),
      http('call', `${url}/{{#start.name#}}`, {
        error_strategy: 'fail-branch',
        retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 20 },
      }),
      ifElse('check', [{ conditions: [{ selector: ['call', 'body'], operator: 'contains', value: 'gold' }] }]),
      end({ tier: ['call', 'body'] }, 'gold'),
      end({ tier: ['start', 'name'] }, 'plain'),
      end({ problem: ['call', 'error_type'] }, 'failed'),
    ],
    edges: [
      ['start', 'call'],
      ['call', 'check'],
      ['call', 'failed', 'fail-branch'],
      ['check', 'gold', 'true'],
      ['check', 'plain', 'false'],
    ],
  });

/** start → slow HTTP call → template → end: time enough to break something. */
export const slow = (url: string): string =>
  workflowFile({
    name: 'slow',
    nodes: [
      start([{ variable: 'text', required: true }]),
      http('call', `${url}/slow`),
      template('after', '{{ x }}!', { x: ['start', 'text'] }),
      end({ result: ['after', 'output'] }),
    ],
  });
