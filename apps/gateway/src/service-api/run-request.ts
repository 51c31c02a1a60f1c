import { ApiError, Float, type Value, type ValueObject } from '@millrace/contracts';

/** A run request whose shape is right; its inputs are checked against the start form later. */
export interface RunRequest {
  inputs: ValueObject;
  mode: 'blocking' | 'streaming';
  /** Mappings of top-level `files`. */
  files: ValueObject[];
}

const isObject = (value: Value | undefined): value is ValueObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Float);

/**
 * Reads the body of a run request (service-api 2.1). Unknown keys are ignored.
 * @throws ApiError `invalid_param`
 */
export function parseRunRequest(body: ValueObject): RunRequest {
  const inputs = body['inputs'];
  if (inputs === undefined) throw new ApiError('invalid_param', 'inputs is required.');
  if (!isObject(inputs)) throw new ApiError('invalid_param', 'inputs must be an object.');
  const mode = parseMode(body['response_mode']);
  return { inputs, mode, files: parseFiles(body['files']) };
}

function parseMode(value: Value | undefined): RunRequest['mode'] {
  if (value === undefined || value === null) return 'blocking';
  if (value === 'blocking' || value === 'streaming') return value;
  throw new ApiError('invalid_param', "response_mode must be 'streaming' or 'blocking'.");
}

function parseFiles(value: Value | undefined): ValueObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw new ApiError('invalid_param', 'files must be an array of file mappings.');
  }
  return value;
}
