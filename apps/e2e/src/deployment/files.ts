import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@millrace/testing';
import { parseAllDocuments } from 'yaml';

export const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');

/** The documents of a YAML file. @throws when it has mistakes; a key given twice is one */
export function parseYaml<T>(path: string): T[] {
  const documents = parseAllDocuments(read(path), { merge: true });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw new Error(`${path}: ${problem.message}`);
    return document.toJS() as T;
  });
}

/** All files of a folder with an ending, by path. */
export const filesBelow = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name))
    .sort();
