import {
  isUuid,
  type FileOrigin,
  type JsonText,
  type StoredFile,
  type Value,
  type ValueObject,
} from '@millrace/contracts';
import { objectOf } from '../values/objects.js';
import { isFile, isObject } from '../values/types.js';
import type { FileType } from './file-type.js';

export const fileMarker = '__dify__file__';

export type TransferMethod = 'local_file' | 'remote_url' | 'tool_file';

export interface FileFields {
  /** What the caller's mapping passed as `id`. */
  id?: string | null;
  type: FileType;
  transferMethod: TransferMethod;
  remoteUrl: string | null;
  filename: string | null;
  /** With its dot; empty when there is none. */
  extension: string;
  mimeType: string | null;
  /** Bytes, -1 when unknown. */
  size: number;
  /** Id of the stored file, if there is one. */
  storedId?: string;
}

const referencePrefix = 'dify-file-ref:';

/** The opaque `reference` of a stored file. */
export const fileReference = (id: string): string =>
  referencePrefix + Buffer.from(JSON.stringify({ record_id: id })).toString('base64url');

/** The id in a `reference`; a text that is none stands for itself. */
export function referencedId(reference: string): string {
  if (!reference.startsWith(referencePrefix)) return reference;
  try {
    const parsed = JSON.parse(Buffer.from(reference.slice(referencePrefix.length), 'base64url').toString()) as unknown;
    const id = (parsed as { record_id?: unknown } | null)?.record_id;
    return typeof id === 'string' ? id : '';
  } catch {
    return ''; // not a reference of ours: it names nothing
  }
}

/** A file as values, events and results hold it (service-api 6.4); the links of a stored one are signed later. */
export function fileValue(file: FileFields): ValueObject {
  const { storedId } = file;
  return {
    dify_model_identity: fileMarker,
    id: file.id ?? null,
    type: file.type,
    transfer_method: file.transferMethod,
    remote_url: file.remoteUrl,
    reference: storedId === undefined ? null : fileReference(storedId),
    filename: file.filename,
    extension: file.extension,
    mime_type: file.mimeType,
    size: file.size,
    related_id: storedId ?? null,
    url: storedId === undefined ? file.remoteUrl : null,
  };
}

/** A stored file as a value. */
export const storedFileValue = (
  stored: Pick<StoredFile, 'id' | 'name' | 'extension' | 'mimeType' | 'size'>,
  place: Pick<FileFields, 'id' | 'type' | 'transferMethod' | 'remoteUrl'>,
): ValueObject =>
  fileValue({
    ...place,
    filename: stored.name,
    extension: stored.extension === '' ? '' : `.${stored.extension}`,
    mimeType: stored.mimeType,
    size: stored.size,
    storedId: stored.id,
  });

/** The stored file that a file value stands for, as it claims: whoever reads it checks whose it is. */
export function storedFileOf(file: ValueObject): { id: string; origin: FileOrigin } | undefined {
  const id = file['related_id'];
  if (typeof id !== 'string' || !isUuid(id)) return undefined;
  return { id: id.toLowerCase(), origin: file['transfer_method'] === 'tool_file' ? 'tool' : 'upload' };
}

/** The value with every file in it replaced, at any depth. */
export function mapFiles(value: Value, change: (file: ValueObject) => ValueObject): Value {
  if (Array.isArray(value)) return value.map((item) => mapFiles(item, change));
  if (!isObject(value)) return value;
  const members: ValueObject = value;
  if (isFile(value)) return change(value);
  return objectOf(Object.entries(members).map(([key, member]) => [key, mapFiles(member, change)]));
}

/** The value with the links of all stored files in it signed anew. @param sign gets the extension without its dot */
export const linkFiles = (
  value: Value,
  sign: (file: { id: string; origin: FileOrigin; extension: string }) => string,
): Value =>
  mapFiles(value, (file) => {
    const stored = storedFileOf(file);
    if (!stored) return file;
    const extension = typeof file['extension'] === 'string' ? file['extension'].replace(/^\./, '') : '';
    const url = sign({ ...stored, extension });
    return file['transfer_method'] === 'remote_url' ? { ...file, remote_url: url, url } : { ...file, url };
  });

/** Whether JSON text may hold files: cheaper than a look into the value. */
export const mayHoldFiles = (text: JsonText): boolean => text.includes(fileMarker);

/** File values among the top-level values, also in lists: what events list as `files`. */
export const filesAmong = (values: ValueObject): ValueObject[] =>
  Object.values(values).flatMap((value) =>
    Array.isArray(value) ? value.filter(isFile) : isFile(value) ? [value] : [],
  );
