import {
  FileError,
  type FileOwner,
  type FileReader,
  type ModelFile,
  type ModelMessage,
  type NodeScope,
  type ValueObject,
} from '@millrace/contracts';
import { isFile, templateReferences, valueType } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { LlmConfig } from './config.js';

/** A message whose files are still values. */
export interface PromptMessage {
  role: ModelMessage['role'];
  text: string;
  files: ValueObject[];
}

/** Most bytes of all files of one call. */
const maxBytes = 50 * 1024 * 1024;

/** Files of the vision variable; none when it is empty. @throws NodeFailure `InvalidVariableTypeError` */
export function visionFiles({ vision }: LlmConfig, scope: NodeScope): ValueObject[] {
  const value = (vision && scope.get(vision.selector)) ?? null;
  const files = Array.isArray(value) ? value : value === null ? [] : [value];
  if (!files.every(isFile)) {
    throw new NodeFailure(`Invalid variable type: ${valueType(value)}`, 'InvalidVariableTypeError');
  }
  return files;
}

/** Files that a text refers to, in its order: they follow it in a message of their own. */
export const referencedFiles = (text: string, scope: NodeScope): ValueObject[] =>
  templateReferences(text).flatMap((selector) => {
    const value = scope.get(selector);
    return Array.isArray(value) ? value.filter(isFile) : isFile(value) ? [value] : [];
  });

/** Puts files in front of the last message when it is the user's, else into a new one. */
export function attachFiles(messages: readonly PromptMessage[], files: ValueObject[]): PromptMessage[] {
  const last = messages.at(-1);
  if (files.length === 0) return [...messages];
  if (last?.role !== 'user') return [...messages, { role: 'user', text: '', files }];
  return [...messages.slice(0, -1), { ...last, files: [...files, ...last.files] }];
}

const kinds = ['image', 'document', 'audio', 'video'] as const;
const kindOf = (file: ValueObject): ModelFile['type'] | undefined => kinds.find((kind) => kind === file['type']);

export interface FileLoading {
  files: FileReader;
  owner: FileOwner;
  detail: ModelFile['detail'];
  signal: AbortSignal;
}

/** Reads the files of messages; files of no class that models know are left out. @throws NodeFailure */
export async function loadMessages(messages: readonly PromptMessage[], loading: FileLoading): Promise<ModelMessage[]> {
  let left = maxBytes;
  const loaded: ModelMessage[] = [];
  for (const { role, text, files } of messages) {
    const read: ModelFile[] = [];
    for (const value of files) {
      const type = kindOf(value);
      if (!type) continue;
      const file = await readFile(value, left, loading);
      left -= file.bytes.length;
      read.push({ type, ...file, ...(type === 'image' && loading.detail ? { detail: loading.detail } : {}) });
    }
    loaded.push({ role, text, ...(read.length > 0 ? { files: read } : {}) });
  }
  return loaded;
}

async function readFile(value: ValueObject, limit: number, { files, owner, signal }: FileLoading) {
  try {
    return await files.read(owner, value, { maxBytes: limit, signal });
  } catch (cause) {
    if (cause instanceof FileError) throw new NodeFailure(cause.message, 'LLMNodeError', { cause });
    throw cause;
  }
}

/** Messages as events show them: files by what they are, never their content. */
export const reportedPrompts = (messages: readonly PromptMessage[], detail: ModelFile['detail']): ValueObject[] =>
  messages.map(({ role, text, files }) => ({
    role,
    text,
    files: files.map((file) => ({
      type: file['type'] ?? null,
      filename: file['filename'] ?? null,
      mime_type: file['mime_type'] ?? null,
      size: file['size'] ?? null,
      ...(file['type'] === 'image' && detail ? { detail } : {}),
    })),
  }));
