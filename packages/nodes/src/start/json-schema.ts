import { NodeFailure } from '../node-failure.js';

/** Says what is wrong with a value, or nothing. */
export type Validate = (value: unknown) => string | undefined;

/** Compiles a JSON schema, draft 7. @throws NodeFailure when the schema itself is wrong */
export async function compileSchema(schema: unknown): Promise<Validate> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
  try {
    if (typeof schema !== 'object' || schema === null) throw new Error('it must be an object');
    const validate = ajv.compile(schema);
    return (value) => {
      if (validate(value)) return undefined;
      const [first] = validate.errors ?? [];
      return `${first?.instancePath ? `${first.instancePath} ` : ''}${first?.message ?? 'invalid'}`;
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NodeFailure(`Invalid JSON schema: ${reason}`, 'WorkflowNodeError', { cause: error });
  }
}
