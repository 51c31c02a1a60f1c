import type { Value, ValueObject } from '@millrace/contracts';
import { isFile, isObject, pythonJson, pythonStr, toText } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';

/** The text of a context variable: text as it is, lists joined by line (dsl 4.6). @throws NodeFailure */
export function contextText(value: Value): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value.map(itemText).join('\n').trim();
}

function itemText(item: Value): string {
  if (typeof item === 'string') return item;
  if (!isObject(item) || item['content'] === undefined) {
    throw new NodeFailure(`Invalid context structure: ${pythonStr(item)}`, 'InvalidContextStructureError');
  }
  const summary = item['summary'];
  const content = toText(item['content']);
  return summary === undefined || summary === null || summary === '' ? content : `${toText(summary)}\n${content}`;
}

/** Files that come with the records of a context, such as the pictures of a retrieved text. */
export const contextFiles = (value: Value): ValueObject[] =>
  Array.isArray(value)
    ? value.flatMap((item) => (isObject(item) && Array.isArray(item['files']) ? item['files'].filter(isFile) : []))
    : [];

/** How a Jinja variable is reported: lists joined by line, records of a retrieval by their content. */
export function reportedText(value: Value): string {
  if (Array.isArray(value))
    return value
      .map((item) => (isObject(item) ? recordText(item) : pythonStr(item)))
      .join('\n')
      .trim();
  return isObject(value) ? recordText(value) : toText(value);
}

function recordText(record: Value): string {
  if (!isObject(record)) return toText(record);
  const looksRetrieved = isObject(record['metadata']) && record['metadata']['_source'] === 'knowledge';
  return looksRetrieved ? toText(record['content'] ?? '') : pythonJson(record);
}
