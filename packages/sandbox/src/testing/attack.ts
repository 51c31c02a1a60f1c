import type { CodeLanguage, CodeResult, CodeRunner } from '@millrace/contracts';

/** Code that tries to get out, to get at something, or to outlast or fill the machine. */
export interface Attack {
  name: string;
  code: string;
  /** What must become of it: a failure whose text matches, or a value that matches. */
  fails?: RegExp;
  returns?: unknown;
  /** Either of both is harmless; only the secrets and the next runs count. */
  harmless?: true;
}

/** What a cage must never show. The tests plant it in the environment and in a file. */
export const plantedSecret = 'planted-secret-5e1f';

export const runCode = (
  runner: CodeRunner,
  language: CodeLanguage,
  code: string,
  inputs: unknown = {},
  tenantId = 'tenant-a',
): Promise<CodeResult> =>
  runner.run({ tenantId, language, code, inputs: JSON.stringify(inputs), signal: new AbortController().signal });
