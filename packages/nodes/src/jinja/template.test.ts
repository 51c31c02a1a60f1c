import { Float, type ValueObject } from '@millrace/contracts';
import { parseJson } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { cases, variables } from './jinja2-cases.js';
import { compileTemplate } from './template.js';

describe('compileTemplate', () => {
  it.each(cases)('%j', (template, output) => {
    const render = () => compileTemplate(template).render(parseJson(variables) as ValueObject);
    if (output === null) expect(render).toThrow(TemplateError);
    else expect(render()).toBe(output);
  });

  it('prints values as Python does', () => {
    const value = { a: null, b: [true, new Float(2), 0.5, 'x', { c: 2n ** 70n }] };
    expect(compileTemplate('{{ v }}').render({ v: value })).toBe(
      "{'a': None, 'b': [True, 2.0, 0.5, 'x', {'c': 1180591620717411303424}]}",
    );
  });

  it('leaves the values it was given unchanged', () => {
    const items = [1];
    expect(compileTemplate('{% set _ = items.append(2) %}{{ items }}').render({ items })).toBe('[1, 2]');
    expect(items).toEqual([1]);
  });

  it('counts the limit of the output in characters', () => {
    const repeat = compileTemplate('{{ x * n }}');
    expect([...repeat.render({ x: '😀', n: 400_000 })]).toHaveLength(400_000);
    expect(() => repeat.render({ x: '😀', n: 400_001 })).toThrow('Output length exceeds 400000 characters');
    const endless = `{% for a in range(999999) %}${'text'.repeat(100)}{% endfor %}`;
    expect(() => compileTemplate(endless).render({})).toThrow('Output length exceeds 400000 characters');
  });

  it.each([
    ['{% for a in range(999999) %}{% for b in range(999) %}{% set c = a * b %}{% endfor %}{% endfor %}', 'steps'],
    [
      "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
      'A text in the template exceeds',
    ],
    ["{{ 'x' * 999999999 }}", 'A text in the template exceeds'],
    ['{{ [0] * 99999999 }}', 'A list in the template exceeds'],
    ['{{ range(99999999) }}', 'A list in the template exceeds'],
    ['{{ 9 ** (9 ** 9) }}', 'too large'],
    ['{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}', 'recursion'],
    [`{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`, 'nested too deeply'],
    [`{{ ${'-'.repeat(90_000)}1 }}`, 'nested too deeply'],
    ["{% include 'x' %}", 'not available'],
  ])('stops the greedy template %#', (template, message) => {
    expect(() => compileTemplate(template).render({})).toThrow(message);
  });

  it.each(["{{ ''.constructor }}", '{{ x.__proto__ }}', "{{ x['constructor'] }}", '{{ [].length }}', '{{ toString }}'])(
    'knows nothing of the host: %s',
    (template) => expect(compileTemplate(template).render({ x: {} })).toBe(''),
  );
});
