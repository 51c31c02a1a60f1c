import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { ServiceApi } from '../api/service-api.js';
import type { FormVariable } from '../api/shapes.js';
import { usageError } from '../exit-codes.js';
import type { Assignment } from './assignments.js';
import { variableOf } from './typed-inputs.js';

/** Kind of file → extensions, as the workflow format has it; all others are documents or `custom`. */
const kinds: Record<string, readonly string[]> = {
  image: ['jpg', 'jpeg', 'png', 'webp', 'gif', 'svg'],
  audio: ['mp3', 'm4a', 'wav', 'amr', 'mpga'],
  video: ['mp4', 'mov', 'mpeg', 'webm'],
};

/** MIME types of what is commonly uploaded; the server knows files by their extension as well. */
const mimeTypes: Record<string, string> = {
  ...{ txt: 'text/plain', md: 'text/markdown', csv: 'text/csv', html: 'text/html', json: 'application/json' },
  ...{ pdf: 'application/pdf', xml: 'application/xml', yml: 'application/yaml', yaml: 'application/yaml' },
  ...{ jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', gif: 'image/gif', webp: 'image/webp' },
  ...{ svg: 'image/svg+xml', mp3: 'audio/mpeg', wav: 'audio/wav', m4a: 'audio/mp4', mp4: 'video/mp4' },
  ...{ webm: 'video/webm', mov: 'video/quicktime' },
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

const extensionOf = (name: string): string => extname(name).slice(1).toLowerCase();

/** The MIME type to upload a file with. */
export const mimeTypeOf = (path: string): string => mimeTypes[extensionOf(path)] ?? 'application/octet-stream';

/**
 * The `type` of a file mapping: what its extension says; `custom` where the form takes that for it.
 * @param allowed `allowed_file_types` of the form's variable
 */
export function fileKindOf(name: string, allowed: unknown): string {
  const extension = extensionOf(name);
  const found = Object.keys(kinds).find((kind) => kinds[kind]?.includes(extension)) ?? 'document';
  return Array.isArray(allowed) && !allowed.includes(found) && allowed.includes('custom') ? 'custom' : found;
}

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/**
 * Uploads the files of `--file name=path` (an address is not uploaded: the server fetches it) and answers their inputs.
 * @throws CliError (usage) for an unknown name, one that is no file, or a file that is not there
 */
export async function fileInputs(
  api: Pick<ServiceApi, 'upload'>,
  form: readonly FormVariable[],
  given: readonly Assignment[],
  user: string,
): Promise<Record<string, unknown>> {
  const wanted = given.map(({ name, value }) => ({ variable: variableOf(form, name), value }));
  for (const { variable, value } of wanted) await check(variable, value, wanted);
  const inputs = new Map<string, unknown>();
  for (const { variable, value } of wanted) {
    const mapping = await mappingOf(api, variable, value, user);
    const before = (inputs.get(variable.variable) as object[] | undefined) ?? [];
    inputs.set(variable.variable, variable.kind === 'file' ? mapping : [...before, mapping]);
  }
  return Object.fromEntries(inputs);
}

async function check({ variable, kind }: FormVariable, value: string, all: { variable: FormVariable }[]) {
  if (kind !== 'file' && kind !== 'file-list') {
    throw usageError(`${variable} is no file but of the type ${kind}: give it with --input ${variable}=…`);
  }
  if (kind === 'file' && all.filter((each) => each.variable.variable === variable).length > 1) {
    throw usageError(`${variable} takes one file.`);
  }
  if (isUrl(value)) return;
  const found = await stat(value).catch((error: unknown) => {
    throw usageError(`${value} can't be read: ${(error as Error).message}`);
  });
  if (!found.isFile()) throw usageError(`${value} is no file.`);
}

async function mappingOf(api: Pick<ServiceApi, 'upload'>, variable: FormVariable, value: string, user: string) {
  const type = fileKindOf(isUrl(value) ? new URL(value).pathname : value, variable['allowed_file_types']);
  if (isUrl(value)) return { type, transfer_method: 'remote_url', url: value };
  const { id } = await api.upload(value, user, mimeTypeOf(value));
  return { type, transfer_method: 'local_file', upload_file_id: id };
}
