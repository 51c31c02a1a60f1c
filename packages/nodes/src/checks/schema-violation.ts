import type { Value } from '@millrace/contracts';
import { pythonRepr } from '@millrace/graph';
import type { ErrorObject } from 'ajv';

/** `/a/0/b c` → `$.a[0]['b c']`, as Dify writes paths. */
export function jsonPath(pointer: string): string {
  const parts = pointer.split('/').slice(1);
  return parts.reduce((path, part) => {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (/^\d+$/.test(name)) return `${path}[${name}]`;
    return /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}['${name}']`;
  }, '$');
}

/** A violation in the words of Python's jsonschema, which workflows know from Dify's error messages. */
export function explainViolation({ keyword, params, data, message }: ErrorObject): string {
  const shown = (value: unknown) => pythonRepr(value as Value);
  const given = shown(data);
  switch (keyword) {
    case 'type':
      return `${given} is not of type ${[params['type'] as string | string[]].flat().map(shown).join(', ')}`;
    case 'required':
      return `${shown(params['missingProperty'])} is a required property`;
    case 'additionalProperties':
      return `Additional properties are not allowed (${shown(params['additionalProperty'])} was unexpected)`;
    case 'enum':
      return `${given} is not one of ${shown(params['allowedValues'])}`;
    case 'const':
      return `${shown(params['allowedValue'])} was expected`;
    case 'minimum':
      return `${given} is less than the minimum of ${shown(params['limit'])}`;
    case 'maximum':
      return `${given} is greater than the maximum of ${shown(params['limit'])}`;
    case 'exclusiveMinimum':
      return `${given} is less than or equal to the minimum of ${shown(params['limit'])}`;
    case 'exclusiveMaximum':
      return `${given} is greater than or equal to the maximum of ${shown(params['limit'])}`;
    case 'minLength':
    case 'minItems':
      return params['limit'] === 1 ? `${given} should be non-empty` : `${given} is too short`;
    case 'maxLength':
    case 'maxItems':
      return params['limit'] === 0 ? `${given} is expected to be empty` : `${given} is too long`;
    case 'pattern':
      return `${given} does not match ${shown(params['pattern'])}`;
    case 'multipleOf':
      return `${given} is not a multiple of ${shown(params['multipleOf'])}`;
    case 'uniqueItems':
      return `${given} has non-unique elements`;
    case 'anyOf':
      return `${given} is not valid under any of the given schemas`;
    case 'oneOf':
      return Array.isArray(params['passingSchemas'])
        ? `${given} is valid under each of ${params['passingSchemas'].length} schemas, not exactly one`
        : `${given} is not valid under any of the given schemas`;
    default:
      return message ?? `${given} does not fit`;
  }
}
