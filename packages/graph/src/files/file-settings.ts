import type { Value, ValueObject } from '@millrace/contracts';
import { isNumber, isObject, toDouble } from '../values/types.js';
import { isOn, pythonStr } from '../values/python.js';
import type { TransferMethod } from './file-value.js';

/** Which files may stand somewhere (service-api 3.4). */
export interface FileSettings {
  types: readonly string[];
  extensions: readonly string[];
  methods: readonly string[];
  /** Only top-level `files` have them. */
  image?: { limit: number; methods: readonly string[] };
  /** Most files in all; `undefined` = no limit. */
  limit?: number;
}

const texts = (value: Value | undefined): string[] => (Array.isArray(value) ? value.map(pythonStr) : []);

const settings = (source: ValueObject): FileSettings => ({
  types: texts(source['allowed_file_types']),
  extensions: texts(source['allowed_file_extensions']),
  methods: texts(source['allowed_file_upload_methods']),
});

/** Settings of a start-form variable. */
export const variableSettings = settings;

const count = (value: Value | undefined): number | undefined => {
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  return isNumber(value) ? toDouble(value) : undefined;
};

/** Settings of top-level `files`: the app's upload feature, `undefined` while it is off. */
export function featureSettings(features: ValueObject): FileSettings | undefined {
  const upload = features['file_upload'];
  if (!isObject(upload) || !isOn(upload['enabled'])) return undefined;
  const base = settings(upload);
  const limit = count(upload['number_limits']);
  return {
    ...base,
    image: { limit: limit ?? 3, methods: base.methods },
    ...(limit !== undefined && limit > 0 ? { limit } : {}),
  };
}

const bare = (extension: string): string => extension.toLowerCase().replace(/^\./, '');

/** Whether a file may stand where the settings hold. @param declared the mapping's `type`, `custom` when it has none */
export function isAllowed(
  file: { declared: string; extension: string; method: TransferMethod },
  { types, extensions, methods, image }: FileSettings,
): boolean {
  const { declared, extension, method } = file;
  if (method === 'tool_file') return true;
  if (types.length > 0 && !types.includes(declared) && !types.includes('custom')) return false;
  const byExtension = declared === 'custom' || (types.length > 0 && !types.includes(declared));
  if (byExtension && !extensions.some((each) => bare(each) === bare(extension))) return false;
  const allowed = declared === 'image' ? (image?.methods ?? []) : methods;
  return allowed.length === 0 || allowed.includes(method);
}
