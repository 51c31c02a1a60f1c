import { errorFields } from './error-fields.js';

describe('error fields', () => {
  it('leave out what drivers hang on their errors', () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', client: { password: 'hush' } });
    const fields = errorFields(new Error('outer', { cause }));
    expect(fields).toMatchObject({ message: 'outer', cause: { message: 'refused', code: 'ECONNREFUSED' } });
    expect(JSON.stringify(fields)).not.toContain('hush');
  });
});
