import type { CodeLanguage, Value, ValueObject } from '@millrace/contracts';
import { isObject, objectOf } from '@millrace/graph';
import { z } from 'zod';
import { configured, listOf, looseSelector, looseText } from '../node-data.js';
import { NodeFailure } from '../node-failure.js';

/** What the file says of an output; `children` describe the members of an object or of a list's objects. */
export interface DeclaredOutput {
  type: string;
  children?: DeclaredOutputs | null | undefined;
}

/** Outputs by name, in the order of the file. */
export type DeclaredOutputs = Record<string, DeclaredOutput>;

/** Listed with their names: the library's records leave out `__proto__`. */
const outputs: z.ZodType<DeclaredOutputs> = z.lazy(() =>
  z.preprocess(
    (declared) => (isObject(declared as Value) ? listed(declared as ValueObject) : declared),
    z
      .array(z.object({ name: z.string(), type: looseText, children: outputs.nullish() }))
      .transform((list) => objectOf(list.map(({ name, ...output }) => [name, output]))),
  ),
);

const listed = (declared: ValueObject): Value[] =>
  Object.entries(declared).map(([name, output]) => (isObject(output) ? { ...output, name } : output));

const variable = z.object({ variable: looseText, value_selector: looseSelector, value_type: looseText });

const schema = z.object({
  code_language: looseText,
  code: looseText,
  variables: listOf(variable),
  outputs: outputs.nullish(),
});

const languages = ['python3', 'javascript'] as const satisfies CodeLanguage[];

export const configureCode = configured(schema, (config) => {
  const language = languages.find((each) => each === config.code_language);
  if (!language) throw new NodeFailure(`Unsupported language ${config.code_language}`, 'CodeExecutionError');
  return {
    language,
    code: config.code,
    variables: config.variables.map(({ variable: name, value_selector: from, value_type: type }) => ({
      name,
      from,
      /** An empty list of files arrives as null; only its declared type tells it from other empty lists. */
      isFileList: type.toLowerCase() === 'array[file]' || (from[0] === 'sys' && from[1] === 'files'),
    })),
    outputs: config.outputs ?? {},
  };
});

export type CodeConfig = ReturnType<typeof configureCode>;
