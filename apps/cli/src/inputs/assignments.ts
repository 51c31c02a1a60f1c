import { InvalidArgumentError } from 'commander';

/** `name=value` of an option; the value may hold further `=`. */
export interface Assignment {
  name: string;
  value: string;
}

/** Collects a repeated `name=value` option. @throws InvalidArgumentError */
export function addAssignment(text: string, before: Assignment[] = []): Assignment[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must have the form name=value.');
  return [...before, { name: text.slice(0, at), value: text.slice(at + 1) }];
}
