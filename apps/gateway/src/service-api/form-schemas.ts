import { ApiError, type Value } from '@millrace/contracts';
import { parseJson, stringifyJson, type FormVariable } from '@millrace/graph';

/** Verdicts by form, which lives as long as its cached plan: what is wrong with its first broken schema. */
const known = new WeakMap<FormVariable[], Promise<string | undefined>>();

/**
 * Refuses a run whose form has a broken `json_schema` (service-api 3.2); values are held against the schema when the
 * start node runs.
 * @throws ApiError `invalid_param`
 */
export async function checkSchemas(form: FormVariable[]): Promise<void> {
  const schemas = form.filter(({ type, raw }) => type === 'json_object' && raw['json_schema']);
  if (schemas.length === 0) return;
  let verdict = known.get(form);
  if (!verdict) known.set(form, (verdict = firstMistake(schemas)));
  const mistake = await verdict;
  if (mistake !== undefined) throw new ApiError('invalid_param', mistake);
}

async function firstMistake(variables: FormVariable[]): Promise<string | undefined> {
  // Loaded on first use: most forms have no schema.
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
  for (const { variable, raw } of variables) {
    const schema = schemaOf(raw['json_schema'] ?? null);
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
      return `Invalid JSON schema of '${variable}': it must be a JSON object`;
    // Draft 7 holds, whatever dialect the schema says it is in.
    const { $schema: _, ...rules } = schema as Record<string, unknown>;
    if (!(await ajv.validateSchema(rules)))
      return `Invalid JSON schema of '${variable}': ${ajv.errorsText(ajv.errors)}`;
  }
  return undefined;
}

/** As a library reads it; `undefined` for text that is not JSON. */
function schemaOf(given: Value): unknown {
  try {
    return JSON.parse(stringifyJson(typeof given === 'string' ? parseJson(given) : given));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
