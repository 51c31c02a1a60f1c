import { createModels } from '@millrace/models';
import { createNodeExecutors } from '@millrace/nodes';
import { createOutbound } from '@millrace/outbound';
import { scenarios } from '../scenarios.js';
import { execute, expectOutput, uniqueText, type OpenSubject } from './subject.js';
import { unused } from './unused.js';

/** An LLM node with provider client and guarded HTTP below it; its model answers as fast as it can. */
export const llmSubject =
  (target: string): OpenSubject =>
  async () => {
    const outbound = createOutbound({ allowCidrs: ['127.0.0.0/8'] });
    const credentials = { api_key: 'bench', base_url: `${target}/unpaced/v1` };
    const models = createModels({ outbound, credentials: { credentials: async () => credentials } });
    const executor = createNodeExecutors({ ...unused, models }).get('llm');
    const data = {
      model: { provider: 'openai', name: 'bench', mode: 'chat', completion_params: {} },
      prompt_template: [{ role: 'user', text: '{{#start.text#}}' }],
    };
    return {
      async call(tenantId) {
        const text = uniqueText();
        const result = await execute(executor, { tenantId, data, variables: { text } });
        expectOutput(result, 'text', scenarios.stream.expected(text));
      },
      close: () => outbound.close(),
    };
  };
