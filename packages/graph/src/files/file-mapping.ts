import { isUuid, type StoredFile, type Value, type ValueObject } from '@millrace/contracts';
import { pythonStr, truthy } from '../values/python.js';
import { isAllowed, type FileSettings } from './file-settings.js';
import { detectFileType, fileTypes, type FileType } from './file-type.js';
import { fileValue, referencedId, storedFileValue, type TransferMethod } from './file-value.js';

/** A mapping that is refused; its message goes to the caller. */
export class FileMappingError extends Error {}

/** What a remote file tells of itself before it is fetched. */
export interface RemoteFile {
  filename: string;
  /** With its dot. */
  extension: string;
  mimeType: string;
  /** Bytes, -1 when unknown. */
  size: number;
}

/** What must be known to judge mappings: stored files of the caller by id, remote ones by address. */
export interface FileFacts {
  stored: ReadonlyMap<string, StoredFile>;
  remote: ReadonlyMap<string, RemoteFile>;
}

/** Where the file of a mapping is. */
type Target = { method: TransferMethod; id: string } | { method: 'remote_url'; url: string };

const text = (mapping: ValueObject, ...keys: string[]): string => {
  const value = keys.map((key) => mapping[key]).find((each) => each !== undefined && truthy(each));
  return value === undefined ? '' : pythonStr(value);
};

const refuse = (message: string): never => {
  throw new FileMappingError(message);
};

function parseTarget(mapping: ValueObject): Target {
  const method = text(mapping, 'transfer_method');
  const id = referencedId(
    text(mapping, method === 'tool_file' ? 'tool_file_id' : 'upload_file_id', 'reference', 'related_id'),
  );
  switch (method) {
    case '':
      return refuse('transfer_method is required in file mapping');
    case 'local_file':
    case 'tool_file':
      if (id === '') return refuse('Invalid upload file id');
      return { method, id: parseId(id) };
    case 'remote_url': {
      if (id !== '') return { method, id: parseId(id) };
      const url = text(mapping, 'url', 'remote_url');
      return url.startsWith('http') && URL.canParse(url) ? { method, url } : refuse('Invalid file url');
    }
    default:
      return refuse(`'${method}' is not a valid FileTransferMethod`);
  }
}

const parseId = (id: string): string => (isUuid(id) ? id.toLowerCase() : refuse('Invalid upload file id format'));

/** Mappings that lists drop without a word: empty, without a method, remote without an address. */
export function isPassedOver(mapping: ValueObject): boolean {
  const method = text(mapping, 'transfer_method');
  return method === '' || (method === 'remote_url' && text(mapping, 'url', 'remote_url') === '');
}

/** What a mapping needs to be known; nothing when it is wrong in itself. */
export function mappingNeeds(mapping: ValueObject): { id?: string; url?: string } {
  try {
    return parseTarget(mapping);
  } catch (error) {
    if (error instanceof FileMappingError) return {};
    throw error;
  }
}

export interface MappingRules {
  /** Whether a declared type must be the detected one. */
  strict: boolean;
  /** Absent: any file may stand here. */
  settings?: FileSettings | undefined;
}

/**
 * The file value of a caller's mapping (service-api 3.4).
 * @throws FileMappingError
 */
export function buildFile(mapping: ValueObject, facts: FileFacts, { strict, settings }: MappingRules): ValueObject {
  const target = parseTarget(mapping);
  const declared = text(mapping, 'type');
  const id = passedId(mapping['id']);
  const file =
    'id' in target
      ? buildStored(target.method, facts.stored.get(target.id), { declared, id, strict })
      : buildRemote(target.url, facts.remote.get(target.url), { declared, id, strict });
  const place = {
    declared: declared || 'custom',
    extension: pythonStr(file['extension'] ?? ''),
    method: target.method,
  };
  if (settings && !isAllowed(place, settings)) {
    return refuse(`File validation failed for file: ${pythonStr(file['filename'] ?? null)}`);
  }
  return file;
}

const passedId = (value: Value | undefined): string | null =>
  value === undefined || value === null ? null : pythonStr(value);

interface Declared {
  declared: string;
  id: string | null;
  strict: boolean;
}

function buildStored(method: TransferMethod, stored: StoredFile | undefined, { declared, id, strict }: Declared) {
  const known = stored && (stored.origin === 'tool') === (method === 'tool_file');
  if (!known) return refuse('Invalid upload file');
  const type = resolveType(declared, detectFileType(stored.extension, stored.mimeType), strict);
  // Links of stored files are signed afresh whenever they are shown.
  const remoteUrl = method === 'local_file' ? '' : null;
  return storedFileValue(stored, { id, type, transferMethod: method, remoteUrl });
}

function buildRemote(url: string, remote: RemoteFile | undefined, { declared, id, strict }: Declared): ValueObject {
  if (!remote) throw new Error('the remote file was not looked at');
  const type = resolveType(declared, detectFileType(remote.extension, remote.mimeType), strict);
  return fileValue({ id, type, transferMethod: 'remote_url', remoteUrl: url, ...remote });
}

function resolveType(declared: string, detected: FileType, strict: boolean): FileType {
  if (declared === '' || declared === 'custom') return detected;
  const type = fileTypes.find((each) => each === declared) ?? refuse(`'${declared}' is not a valid FileType`);
  if (strict && type !== detected) {
    return refuse('Detected file type does not match the specified type. Please verify the file.');
  }
  return type;
}
