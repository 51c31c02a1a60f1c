import { chain, code, end, http, llm, start, template, workflowFile, type WorkflowDraft } from '@millrace/testing';
import type { ScenarioName } from '../scenarios.js';

const input = start([{ variable: 'text', required: true, max_length: 1000 }]);
const pass = (id: string, from: readonly [string, string]) => template(id, '{{ text }}', { text: from });
const branches = Array.from({ length: 8 }, (_, i) => `branch${i}`);

/** The scenarios as workflows; their shape is that of the floor's jobs. */
const drafts: Record<ScenarioName, (target: string) => WorkflowDraft> = {
  chain5: () => ({
    nodes: [
      input,
      pass('one', ['start', 'text']),
      pass('two', ['one', 'output']),
      pass('three', ['two', 'output']),
      end({ result: ['three', 'output'] }),
    ],
  }),
  'chain5-code': () => ({
    nodes: [
      input,
      code(
        'upper',
        'def main(text):\n    return {"text": text.upper()}',
        { text: ['start', 'text'] },
        { text: 'string' },
      ),
      pass('pass', ['upper', 'text']),
      code(
        'turn',
        'def main(text):\n    return {"text": text[::-1]}',
        { text: ['pass', 'output'] },
        { text: 'string' },
      ),
      end({ result: ['turn', 'text'] }),
    ],
  }),
  fan8: () => ({
    nodes: [
      input,
      ...branches.map((id) => pass(id, ['start', 'text'])),
      template(
        'join',
        branches.map((id) => `{{ ${id} }}`).join('|'),
        Object.fromEntries(branches.map((id) => [id, [id, 'output']])),
      ),
      end({ result: ['join', 'output'] }),
    ],
    edges: [...branches.flatMap((id) => chain('start', id, 'join')), ...chain('join', 'end')],
  }),
  io50: (target) => ({
    nodes: [input, http('call', target, { params: 'q:{{#start.text#}}' }), end({ result: ['call', 'body'] })],
  }),
  stream: () => ({
    nodes: [input, llm('model', '{{#start.text#}}'), end({ result: ['model', 'text'] })],
  }),
};

/** The workflow file of a scenario; `target` is the server it calls. */
export const workflowOf = (scenario: ScenarioName, target: string): string =>
  workflowFile({ name: `bench ${scenario}`, ...drafts[scenario](target) });
