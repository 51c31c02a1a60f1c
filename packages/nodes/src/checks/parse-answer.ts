import type { Value, ValueObject } from '@millrace/contracts';
import { isObject, parseJson } from '@millrace/graph';
import { mendJson } from '../mend-json.js';

/**
 * Models wrap JSON in reasoning, fences and words, and forget commas: the object is found and mended. Answers with what is
 * wrong when there is none. Mending takes quadratic time.
 */
export function parseAnswer(text: string): ValueObject | string {
  const answer = text.replace(/<think(?:\s[^<>]*)?>[\s\S]*?(<\/think\s*>|$)/gi, '').trim();
  const begin = Math.max(0, answer.search(/[{[]/));
  const end = Math.max(answer.lastIndexOf('}'), answer.lastIndexOf(']')) + 1;
  const candidates = [answer, fenced(answer), answer.slice(begin, end), answer.slice(begin)];
  let problem = 'the answer holds no JSON object';
  for (const candidate of candidates) {
    if (candidate === undefined || !/^[{[]/.test(candidate)) continue;
    for (const mend of [(json: string) => json, mendJson]) {
      try {
        const object = toObject(parseJson(mend(candidate)));
        if (object) return object;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return `Failed to parse structured output (stage=result, path=$): ${problem}`;
}

const fenced = (text: string): string | undefined => /```(?:json)?\s*([\s\S]*?)(?:```|$)/i.exec(text)?.[1]?.trim();

/** The value if it is an object, or the first object in it if it is a list. */
const toObject = (value: Value): ValueObject | undefined =>
  Array.isArray(value) ? value.find(isObject) : isObject(value) ? value : undefined;
