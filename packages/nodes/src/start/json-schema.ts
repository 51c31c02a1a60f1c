import { NodeFailure } from '../node-failure.js';
import { TookTooLong, withinTime } from '../time-bound.js';

/** Says what is wrong with a value, or nothing. */
export type Validate = (value: unknown) => string | undefined;

/** Compiles a JSON schema, draft 7. @throws NodeFailure when the schema itself is wrong */
export async function compileSchema(schema: unknown): Promise<Validate> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
  try {
    if (typeof schema !== 'object' || schema === null) throw new Error('it must be an object');
    const validate = withinTime(() => ajv.compile(schema));
    return (value) => {
      try {
        if (withinTime(() => validate(value))) return undefined;
      } catch (error) {
        if (error instanceof TookTooLong || error instanceof RangeError) return error.message;
        throw error;
      }
      const [first] = validate.errors ?? [];
      return `${first?.instancePath ? `${first.instancePath} ` : ''}${first?.message ?? 'invalid'}`;
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NodeFailure(`Invalid JSON schema: ${reason}`, 'WorkflowNodeError', { cause: error });
  }
}
