import { Float, type ValueObject } from '@millrace/contracts';
import { parseJson } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { cases, variables } from './jinja2-cases.js';
import { recorded, recordedVariables } from './recorded-cases.js';
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
    const endless = `{% for a in range(200000) %}${'text'.repeat(100)}{% endfor %}`;
    expect(() => compileTemplate(endless).render({})).toThrow('Output length exceeds 400000 characters');
  });

  it.each(recorded)('prints as Jinja2 does: %j', (template, output) => {
    const render = () => compileTemplate(template).render(parseJson(recordedVariables) as ValueObject);
    if (output === null) expect(render).toThrow(TemplateError);
    else expect(render()).toBe(output);
  });

  it.each([
    ['{{ no.y.z }}', "'None' has no attribute 'y'"],
    ['{{ no[0].z }}', 'None has no element 0'],
    ['{{ no["k"].z }}', "'None' has no attribute 'k'"],
    ['{{ s.y.z }}', "'str object' has no attribute 'y'"],
    ['{{ l[5].z }}', 'list object has no element 5'],
    ['{{ s + n }}', 'can only concatenate str (not "int") to str'],
    ['{{ l + s }}', 'can only concatenate list (not "str") to list'],
    ['{{ (1,) + l }}', 'can only concatenate tuple (not "list") to tuple'],
    ['{{ n + s }}', "unsupported operand type(s) for +: 'int' and 'str'"],
    ['{{ d + d }}', "unsupported operand type(s) for +: 'dict' and 'dict'"],
    ['{{ s * 1.5 }}', "can't multiply sequence by non-int of type 'float'"],
    ['{{ s * s }}', "can't multiply sequence by non-int of type 'str'"],
    ['{{ no * l }}', "can't multiply sequence by non-int of type 'NoneType'"],
    ['{{ d * d }}', "unsupported operand type(s) for *: 'dict' and 'dict'"],
    ['{{ s ** n }}', "unsupported operand type(s) for ** or pow(): 'str' and 'int'"],
    ['{{ l - l }}', "unsupported operand type(s) for -: 'list' and 'list'"],
    ['{{ n | length }}', "object of type 'int' has no len()"],
    ['{{ nothing.y }}', "'nothing' is undefined"],
  ])('says what Jinja2 says: %s', (template, message) => {
    const values = { no: null, n: 5, s: 'a', l: [1], d: { a: 1 } };
    expect(() => compileTemplate(template).render(values)).toThrow(new TemplateError(message));
  });

  it.each(['include', 'extends', 'import', 'from'])('has no other templates to %s', (tag) =>
    expect(() => compileTemplate(`{% ${tag} 'x' %}`)).toThrow('not available'),
  );
});
