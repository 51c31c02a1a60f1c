import {
  FileError,
  type FileContent,
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

/**
 * How often the content of a file is in memory while a model is asked, roughly: read, in base64 (four bytes for three), within
 * the text of the request, and as that text is sent.
 */
const copies = 5;

export interface FileLoading {
  files: FileReader;
  owner: FileOwner;
  detail: ModelFile['detail'];
  signal: AbortSignal;
}

/** Messages with the content of their files, until they are closed: `await using`. */
export interface LoadedMessages extends AsyncDisposable {
  messages: ModelMessage[];
}

/** Reads the files of messages; files of no class that models know are left out. @throws NodeFailure */
export async function loadMessages(messages: readonly PromptMessage[], loading: FileLoading): Promise<LoadedMessages> {
  const { files: reader, owner, detail, signal } = loading;
  const known = messages.map(({ files }) => files.filter((file) => kindOf(file) !== undefined));
  const wanted = known.flat();
  if (wanted.length === 0) {
    return {
      messages: messages.map(({ role, text }) => ({ role, text })),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const opened = await readable(() => reader.open(owner, wanted, { maxBytes, copies, signal }));
  try {
    const contents: ModelFile[] = [];
    for (const [at, file] of opened.files.entries()) {
      const type = kindOf(wanted[at] ?? {}) ?? 'document';
      const { name, mimeType } = file;
      const base64 = await readable(() => toBase64(file));
      contents.push({ type, name, mimeType, base64, ...(type === 'image' && detail ? { detail } : {}) });
    }
    const loaded = messages.map(({ role, text }, at): ModelMessage => {
      const own = contents.splice(0, known[at]?.length);
      return { role, text, ...(own.length > 0 ? { files: own } : {}) };
    });
    return { messages: loaded, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function toBase64(file: FileContent): Promise<string> {
  const bytes = Buffer.allocUnsafe(file.size);
  let at = 0;
  for await (const chunk of file.read()) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.toString('base64', 0, at);
}

async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
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
