import { Float, type Value, type ValueObject } from '@millrace/contracts';
import { formatFloat } from './numbers.js';
import { numberText, pythonRepr, pythonStr } from './python.js';
import { isFile, isNumber, valueType } from './types.js';

/** The three text forms of a value (dsl 2.6). */
export type TextForm = 'text' | 'markdown' | 'log';

function jsonNumber(value: number | bigint | Float): string {
  const n = value instanceof Float ? value.value : value;
  if (typeof n === 'bigint' || Number.isFinite(n)) return numberText(value);
  return Number.isNaN(n) ? 'NaN' : formatFloat(n).replace('inf', 'Infinity');
}

/** Python's `json.dumps(value, ensure_ascii=False, indent=indent)`. */
export function pythonJson(value: Value, indent = 0, depth = 0): string {
  if (isNumber(value)) return jsonNumber(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => pythonJson(item, indent, depth + 1))
    : Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${pythonJson(member, indent, depth + 1)}`);
  const [open, close] = isList ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  if (indent === 0) return `${open}${parts.join(', ')}${close}`;
  const pad = ' '.repeat(indent * (depth + 1));
  return `${open}\n${pad}${parts.join(`,\n${pad}`)}\n${' '.repeat(indent * depth)}${close}`;
}

const attribute = (file: ValueObject, key: string): string => {
  const value = file[key];
  return typeof value === 'string' ? value : '';
};

function fileMarkdown(file: ValueObject): string {
  const url = attribute(file, 'url') || attribute(file, 'remote_url');
  const name = attribute(file, 'filename');
  return attribute(file, 'type') === 'image' ? `![${name}](${url})` : `[${name || url}](${url})`;
}

function listText(list: Value[], form: TextForm): string {
  const type = valueType(list);
  if (type === 'array[file]') return form === 'markdown' ? list.filter(isFile).map(fileMarkdown).join('\n') : '';
  if (form === 'log') return pythonRepr(list);
  if (list.length === 0) return '';
  if (form === 'markdown') return list.map((item) => `- ${pythonStr(item)}`).join('\n');
  return type === 'array[string]' ? pythonJson(list) : pythonRepr(list);
}

function format(value: Value, form: TextForm): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (isNumber(value)) return numberText(value);
  if (Array.isArray(value)) return listText(value, form);
  if (isFile(value)) return form === 'markdown' ? fileMarkdown(value) : '';
  return pythonJson(value, form === 'text' ? 0 : 2);
}

/** The form of prompts, conditions, HTTP fields and tool parameters. */
export const toText = (value: Value): string => format(value, 'text');

/** The form of answers and streams. */
export const toMarkdown = (value: Value): string => format(value, 'markdown');

/** The form of request dumps in events. Secrets look like any text here: see `maskSecret`. */
export const toLog = (value: Value): string => format(value, 'log');

/** A value in the form asked for. */
export const formatValue = format;

/** The log form of a secret: beginning and end of a long one, nothing of a short one. */
export function maskSecret(secret: string): string {
  if (secret === '') return '';
  if (secret.length <= 8) return '*'.repeat(20);
  return secret.slice(0, 6) + '*'.repeat(12) + secret.slice(-2);
}
