import type { Value, ValueObject } from '@millrace/contracts';
import type { FormVariable } from '../plan.js';
import { objectOf } from '../values/objects.js';
import { isObject } from '../values/types.js';
import { buildFile, FileMappingError, isPassedOver, mappingNeeds, type FileFacts } from './file-mapping.js';
import { featureSettings, variableSettings, type FileSettings } from './file-settings.js';

/** What a caller sent that may hold file mappings: `files`, and checked values of the form. */
export interface SentFiles {
  files: readonly ValueObject[];
  values: ValueObject;
}

/** Ids and addresses that must be known to judge what was sent. */
export interface FileNeeds {
  ids: string[];
  urls: string[];
}

const isFileVariable = ({ type }: FormVariable): boolean => type === 'file' || type === 'file-list';

function mappingsOf({ type }: FormVariable, value: Value | undefined): ValueObject[] {
  if (type === 'file') return isObject(value) ? [value] : [];
  return Array.isArray(value) ? value.filter(isObject).filter((each) => !isPassedOver(each)) : [];
}

/** What must be looked up before `placeFiles`; empty for most runs. */
export function fileNeeds(form: readonly FormVariable[], { files, values }: SentFiles): FileNeeds {
  const inForm = form.filter(isFileVariable).flatMap((each) => mappingsOf(each, values[each.variable]));
  const needs = [...files.filter((each) => !isPassedOver(each)), ...inForm].map(mappingNeeds);
  return {
    ids: [...new Set(needs.flatMap(({ id }) => id ?? []))],
    urls: [...new Set(needs.flatMap(({ url }) => url ?? []))],
  };
}

export type PlacedFiles = { ok: true; files: ValueObject[]; values: ValueObject } | { ok: false; message: string };

/** Turns file mappings into file values: first `files`, then the form in its order (service-api 3.1, 3.4). */
export function placeFiles(
  form: readonly FormVariable[],
  features: ValueObject,
  sent: SentFiles,
  facts: FileFacts,
): PlacedFiles {
  try {
    const files = topLevelFiles(sent.files, featureSettings(features), facts);
    if (!form.some(isFileVariable)) return { ok: true, files, values: sent.values };
    const placed = form.filter(isFileVariable).map((each): [string, Value] => {
      const value = sent.values[each.variable] ?? null;
      if (value === null) return [each.variable, null];
      const rules = { strict: each.type === 'file', settings: variableSettings(each.raw) };
      const built = mappingsOf(each, value).map((mapping) => buildFile(mapping, facts, rules));
      return [each.variable, each.type === 'file' ? (built[0] ?? null) : built];
    });
    return { ok: true, files, values: objectOf([...Object.entries(sent.values), ...placed]) };
  } catch (error) {
    if (error instanceof FileMappingError) return { ok: false, message: error.message };
    throw error;
  }
}

function topLevelFiles(
  mappings: readonly ValueObject[],
  settings: FileSettings | undefined,
  facts: FileFacts,
): ValueObject[] {
  const files = mappings
    .filter((each) => !isPassedOver(each))
    .map((each) => buildFile(each, facts, { strict: true, settings }));
  const images = files.filter((file) => file['type'] === 'image').length;
  if (settings?.image && images > settings.image.limit) {
    throw new FileMappingError(`Number of image files exceeds the maximum limit ${settings.image.limit}`);
  }
  if (settings?.limit !== undefined && files.length > settings.limit) {
    throw new FileMappingError(`Number of files exceeds the maximum limit ${settings.limit}`);
  }
  return files;
}
