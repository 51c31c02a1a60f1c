import { createSecretBox } from './secrets.js';
import { openWorkflow, sealWorkflow } from './workflow-secrets.js';

const secrets = createSecretBox('k'.repeat(32));
const workflow = (type: string) =>
  `{"graph":{"x":1.0},"environment_variables":[{"name":"token","value":"hush","value_type":"${type}"}]}`;

describe('sealWorkflow', () => {
  it('leaves a workflow without secrets readable', () => {
    expect(sealWorkflow(secrets, 'app', workflow('string'))).toBe(workflow('string'));
    expect(sealWorkflow(secrets, 'app', '{}')).toBe('{}');
  });

  it('hides secrets and gives back the very same text', () => {
    const sealed = sealWorkflow(secrets, 'app', workflow('secret'));
    expect(sealed).not.toContain('hush');
    expect(openWorkflow(secrets, 'app', sealed)).toBe(workflow('secret'));
    expect(() => openWorkflow(secrets, 'other', sealed)).toThrow('changed or moved');
  });

  it.each(['', '[]', ' {}', 'v1.a'])('refuses %p', (text) => {
    expect(() => sealWorkflow(secrets, 'app', text)).toThrow(TypeError);
  });
});
