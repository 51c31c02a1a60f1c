import type { Value, ValueObject } from '@millrace/contracts';
import { isObject, parseJson } from '@millrace/graph';
import { mendJson } from '../mend/mend-json.js';

/**
 * Models wrap JSON in reasoning, fences and words, and forget commas: the object is found and mended. Answers with what is
 * wrong when there is none. Mending may take a while.
 */
export function parseAnswer(text: string): ValueObject | string {
  const answer = text.replace(/<think(?:\s[^<>]*)?>[\s\S]*?(<\/think\s*>|$)/gi, '').trim();
  const isBare = /^[{[]/.test(answer);
  let problem = 'the answer holds no JSON object';
  for (const candidate of isBare ? [answer] : [fenced(answer), answer]) {
    if (candidate === undefined) continue;
    for (const mend of [(json: string) => json, mendJson]) {
      try {
        const json = mend(candidate);
        const object = json === undefined ? undefined : toObject(parseJson(json));
        if (object) return object;
      } catch (error) {
        if (mend === mendJson) problem = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return `Failed to parse structured output (stage=result, path=$): ${problem}`;
}

/** What stands between the first fence and the last: texts in it may have fences of their own. */
function fenced(text: string): string | undefined {
  const [, content] = /```(?:json)?\s*([\s\S]*)/i.exec(text) ?? [];
  const end = content?.lastIndexOf('```') ?? -1;
  return end < 0 ? content : content?.slice(0, end);
}

/** The value if it is an object, or the first object in it if it is a list. */
const toObject = (value: Value): ValueObject | undefined =>
  Array.isArray(value) ? value.find(isObject) : isObject(value) ? value : undefined;
