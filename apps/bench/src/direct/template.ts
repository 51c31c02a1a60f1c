import { createNodeExecutors } from '@millrace/nodes';
import { execute, expectOutput, uniqueText, type OpenSubject } from './subject.js';
import { unused } from './unused.js';

const items = Array.from({ length: 10 }, (_, i) => `item ${i}`);

/** A template node; its template is compiled by the first call. */
export const templateSubject: OpenSubject = async () => {
  const executor = createNodeExecutors(unused).get('template-transform');
  const data = {
    template: '{{ text }}:{% for each in items %} {{ loop.index }}. {{ each | upper }}{% endfor %}',
    variables: ['text', 'items'].map((variable) => ({ variable, value_selector: ['start', variable] })),
  };
  const list = items.map((each, i) => ` ${i + 1}. ${each.toUpperCase()}`).join('');
  return {
    async call(tenantId) {
      const text = uniqueText();
      expectOutput(
        await execute(executor, { tenantId, data, variables: { text, items } }),
        'output',
        `${text}:${list}`,
      );
    },
    close: () => Promise.resolve(),
  };
};
