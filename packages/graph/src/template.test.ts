import { Float, type Selector, type Value, type ValueObject } from '@millrace/contracts';
import { renderTemplate, templateReferences, textBudget, TextSizeError } from './template.js';
import { resolveSelector } from './values/selector.js';

const file: ValueObject = {
  dify_model_identity: '__dify__file__',
  filename: 'a.pdf',
  size: 5,
  extension: '.pdf',
  mime_type: null,
};
const pool: Record<string, ValueObject> = {
  llm_1: {
    text: 'hi',
    usage: { tokens: 5, deep: { x: null } },
    list: [1, 2],
    empty: null,
    ok: true,
    score: new Float(1),
  },
  begin: { doc: file },
  sys: { query: 'Q', files: [] },
  env: { KEY: 'k' },
  '0b5c-uuid': { text: 'u' },
};
const get = (selector: Selector): Value | undefined =>
  resolveSelector((key) => (Object.hasOwn(pool, key) ? pool[key] : undefined), selector, 'begin');

describe('resolveSelector (dsl 2.2)', () => {
  const cases: [string[], Value | undefined][] = [
    [[], undefined],
    [['llm_1'], undefined],
    [['llm_1', 'text'], 'hi'],
    [['llm_1', 'nope'], undefined],
    [['nope', 'text'], undefined],
    [['llm_1', 'usage', 'tokens'], 5],
    [['llm_1', 'usage', 'deep', 'x'], null],
    [['llm_1', 'usage', 'nope'], undefined],
    [['llm_1', 'usage', 'toString'], undefined],
    [['llm_1', 'constructor'], undefined],
    [['llm_1', 'list', '0'], undefined],
    [['llm_1', 'text', 'length'], undefined],
    [['llm_1', 'empty', 'x'], undefined],
    [['begin', 'doc', 'name'], 'a.pdf'],
    [['begin', 'doc', 'size', 'ignored'], 5],
    [['begin', 'doc', 'mime_type'], null],
    [['begin', 'doc', 'filename'], undefined],
    [['begin', 'sys.query'], 'Q'],
    [['begin', 'env.KEY'], 'k'],
    [['begin', 'sys.gone'], undefined],
    [['llm_1', 'sys.query'], undefined],
    [['nope', 'sys.query'], undefined],
    [['userinput', 'query'], 'Q'],
    [['userinput', 'files'], []],
    [['userinput', 'user_id'], undefined],
  ];
  it.each(cases)('%j', (selector, value) => {
    expect(get(selector)).toEqual(value);
  });
});

describe('renderTemplate (dsl 2.5)', () => {
  it.each([
    ['{{#llm_1.text#}}!', 'hi!'],
    ['{{#nope.x#}}', 'nope.x'],
    ['{{#llm_1.empty#}}', ''],
    ['{{#llm_1.ok#}} {{#llm_1.score#}} {{#llm_1.list#}}', 'True 1.0 [1, 2]'],
    ['{{#llm_1.usage.tokens#}}', '5'],
    ['{{# llm_1.text #}}', '{{# llm_1.text #}}'],
    ['{{#0b5c-uuid.text#}}', '{{#0b5c-uuid.text#}}'],
    ['{{#llm_1#}} {{#context#}}', '{{#llm_1#}} {{#context#}}'],
    ['{{#llm_1.1a#}}', '{{#llm_1.1a#}}'],
    [`{{#llm_1.${'a'.repeat(31)}#}}`, `{{#llm_1.${'a'.repeat(31)}#}}`],
    [`{{#${'a'.repeat(51)}.x#}}`, `{{#${'a'.repeat(51)}.x#}}`],
    ['{{{#llm_1.text#}}}', '{hi}'],
    ['$& {{#sys.query#}} $1', '$& Q $1'],
    [`{{#${'a'.repeat(50)}.${'b'.repeat(30)}#}}`, `${'a'.repeat(50)}.${'b'.repeat(30)}`],
    [`{{#a${'.b'.repeat(10)}#}}`, `a${'.b'.repeat(10)}`],
    [`{{#a${'.b'.repeat(11)}#}}`, `{{#a${'.b'.repeat(11)}#}}`],
    ['{{#llm_1.list.0#}} {{#llm_1.list.first#}}', '{{#llm_1.list.0#}} llm_1.list.first'],
    ['{{#begin.doc#}}{{#begin.doc.name#}}', 'a.pdf'],
  ])('%s', (template, text) => {
    expect(renderTemplate(template, get)).toBe(text);
  });

  it('renders once: substituted text is not scanned again', () => {
    expect(renderTemplate('{{#a.b#}}', () => '{{#llm_1.text#}}')).toBe('{{#llm_1.text#}}');
  });

  it('takes the form asked for', () => {
    expect(renderTemplate('{{#llm_1.list#}}', get, 'markdown')).toBe('- 1\n- 2');
  });

  it('inserts no more text than a node may hold, in all texts that share a budget', () => {
    const long = 'x'.repeat(1_000_000);
    expect(renderTemplate('{{#a.b#}}'.repeat(20), () => long)).toHaveLength(20_000_000);
    expect(() => renderTemplate('{{#a.b#}}'.repeat(100_000), () => long)).toThrow(TextSizeError);
    const spend = textBudget();
    const once = () => renderTemplate('{{#a.b#}}', () => long, 'text', spend);
    for (let round = 0; round < 20; round++) once();
    expect(once).toThrow('The variables insert more than 20971520 characters');
  });

  it('counts the items of lists, for files insert nothing', () => {
    const files = Array.from({ length: 100_000 }, () => file);
    const text = '{{#a.b#}}'.repeat(1_000);
    expect(renderTemplate(text, () => [file])).toBe('');
    expect(() => renderTemplate(text, () => files)).toThrow(TextSizeError);
  });

  it('lists references in order', () => {
    expect(templateReferences('{{#a.b#}} x {{#c.d.e#}} {{#a.b#}} {{#no#}}')).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
      ['a', 'b'],
    ]);
  });
});
