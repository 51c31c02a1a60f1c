import { greedy, cageVariables, harmless } from './cage-attempts.js';
import { TemplateError } from './errors.js';
import { compileTemplate } from './template.js';

const run = (template: string) => compileTemplate(template).render(cageVariables);
const short = (template: string) => (template.length > 120 ? `${template.slice(0, 120)}…` : template);

/** Every limit is met in steps, so these end at the same place on any machine; none takes long. */
describe('a greedy template', () => {
  afterEach(() => {
    expect(run('{{ items }} {{ x }} {{ text|upper }}')).toBe('[3, 1, 2] {} SOME TEXT');
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(greedy.map(([template, message]) => [short(template), template, message]))('%s', (_, template, message) => {
    let failure: unknown;
    try {
      run(template);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(TemplateError);
    expect((failure as Error).message).toContain(message);
  });
});

describe('a curious template', () => {
  it.each(harmless.map(([template, output]) => [short(template), template, output]))('%s', (_, template, output) => {
    expect(run(template)).toBe(output);
    expect(cageVariables.items).toEqual([3, 1, 2]);
    expect(Object.keys(cageVariables.x)).toEqual([]);
  });
});
