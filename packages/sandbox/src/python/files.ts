import { crc32 } from 'node:zlib';
import { fail } from './errno.js';

/** A file of the cage: read-only ones come from the operator, the others live in `/tmp` until the end of the run. */
export interface FileNode {
  kind: 'file';
  id: number;
  content: Uint8Array;
  size: number;
  modifiedMs: number;
}
export interface DirectoryNode {
  kind: 'directory';
  id: number;
  entries: Map<string, Node>;
  writable: boolean;
  modifiedMs: number;
}
/** Reads as empty, takes whatever is written: standard streams and `/dev/null`. */
export interface NullNode {
  kind: 'null';
  id: number;
  modifiedMs: number;
}
export type Node = FileNode | DirectoryNode | NullNode;

export interface OpenFile {
  node: Node;
  path: string;
  position: number;
  readable: boolean;
  writable: boolean;
  append: boolean;
}

export const openFlags = {
  writeOnly: 1,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  directory: 0o200000,
} as const;

const maxOpenFiles = 256;
const maxNodes = 4_096;
/** Files made on demand that are kept from run to run: more than there are time zones, fewer than there are spellings of them. */
const maxMadeFiles = 1_024;
/** The number of such a file. It must not tell how many others were made before, by earlier runs. */
const madeId = (path: string): number => 0x4000_0000 + (crc32(path) >>> 2);
const scratch = 'tmp';

/**
 * The files that code in the cage sees: an in-memory tree, no part of it on the host. Everything is read-only but
 * `/tmp`, which is small and starts empty in each run.
 */
export class CageFiles {
  readonly #root: DirectoryNode;
  readonly #maxScratchBytes: number;
  readonly #makeFile: (path: string) => Uint8Array | undefined;
  readonly #made = new Map<string, FileNode>();
  #open = new Map<number, OpenFile>();
  #nextId = 1;
  readonly #firstIdOfRun: number;
  #nodes = 0;
  #scratchBytes = 0;
  cwd = '/';

  constructor(options: {
    files: ReadonlyMap<string, Uint8Array>;
    /** Makes the file at a path that is not there, such as one of the time zone database. */
    makeFile: (path: string) => Uint8Array | undefined;
    maxScratchBytes: number;
  }) {
    this.#maxScratchBytes = options.maxScratchBytes;
    this.#makeFile = options.makeFile;
    this.#root = this.#newDirectory(false);
    for (const [path, content] of options.files) this.#install(path, content);
    this.#root.entries.set('dev', this.#newDirectory(false));
    this.#directory('/dev').entries.set('null', { kind: 'null', id: this.#nextId++, modifiedMs: 0 });
    this.#firstIdOfRun = this.#nextId;
    this.reset();
  }

  /** As at the start of a run: an empty `/tmp`, standard streams that lead nowhere. */
  reset(): void {
    // The numbers of files would tell how many an earlier run made.
    this.#nextId = this.#firstIdOfRun;
    if (this.#made.size > maxMadeFiles) this.#made.clear();
    this.#root.entries.set(scratch, this.#newDirectory(true));
    this.#nodes = 0;
    this.#scratchBytes = 0;
    this.cwd = '/';
    this.#open = new Map();
    for (const fd of [0, 1, 2]) {
      const node: NullNode = { kind: 'null', id: 0, modifiedMs: 0 };
      this.#open.set(fd, { node, path: '/dev/null', position: 0, readable: true, writable: true, append: false });
    }
  }

  /** Descriptors open now, for a look at what a snapshot would lose. */
  get openDescriptors(): number[] {
    return [...this.#open.keys()];
  }

  file(fd: number): OpenFile {
    return this.#open.get(fd) ?? fail('badFile');
  }

  absolute(path: string, base = this.cwd): string {
    const parts: string[] = [];
    for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return `/${parts.join('/')}`;
  }

  find(path: string): Node {
    const made = this.#make(path);
    if (made !== undefined) return made;
    let node: Node = this.#root;
    for (const part of path.split('/')) {
      if (part === '') continue;
      if (node.kind !== 'directory') return fail('notDirectory');
      node = node.entries.get(part) ?? fail('notFound');
    }
    return node;
  }

  open(path: string, flags: number): number {
    const writable = (flags & (openFlags.writeOnly | openFlags.readWrite)) !== 0;
    const made = writable ? undefined : this.#make(path);
    if (made !== undefined)
      return this.#openAt(0, { node: made, path, position: 0, readable: true, writable: false, append: false });
    const { parent, name } = this.#parentOf(path);
    let node = name === '' ? this.#root : parent.entries.get(name);
    if (node === undefined) {
      if ((flags & openFlags.create) === 0) return fail('notFound');
      node = { kind: 'file', id: this.#nextId++, content: new Uint8Array(0), size: 0, modifiedMs: Date.now() };
      this.#add(parent, name, node);
    } else if ((flags & openFlags.create) !== 0 && (flags & openFlags.exclusive) !== 0) {
      return fail('exists');
    }
    if (node.kind === 'directory' ? writable : (flags & openFlags.directory) !== 0)
      return fail(node.kind === 'directory' ? 'isDirectory' : 'notDirectory');
    if (writable && node.kind === 'file') {
      if (!parent.writable) return fail('readOnly');
      if ((flags & openFlags.truncate) !== 0) this.resize(node, 0);
    }
    return this.#openAt(0, {
      ...{ node, path, position: 0, writable },
      readable: (flags & openFlags.writeOnly) === 0,
      append: (flags & openFlags.append) !== 0,
    });
  }

  duplicate(fd: number, lowest: number): number {
    return this.#openAt(lowest, this.file(fd));
  }

  replace(fd: number, target: number): number {
    if (target < 0 || target >= maxOpenFiles) return fail('badFile');
    this.#open.set(target, this.file(fd));
    return target;
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) fail('badFile');
  }

  read(file: OpenFile, into: Uint8Array, at: number): number {
    if (!file.readable) return fail('badFile');
    if (file.node.kind === 'directory') return fail('isDirectory');
    if (file.node.kind === 'null') return 0;
    const part = file.node.content.subarray(at, Math.min(file.node.size, at + into.length));
    into.set(part);
    return part.length;
  }

  write(file: OpenFile, from: Uint8Array, at: number): number {
    const { node } = file;
    if (!file.writable || node.kind === 'directory') return fail('badFile');
    if (node.kind === 'null') return from.length;
    if (at + from.length > node.size) this.resize(node, at + from.length);
    node.content.set(from, at);
    node.modifiedMs = Date.now();
    return from.length;
  }

  /** Sets a file's size; what is new is zero. */
  resize(node: FileNode, size: number): void {
    const total = this.#scratchBytes + size - node.size;
    if (total > this.#maxScratchBytes) fail('noSpace');
    if (size > node.content.length) {
      const grown = new Uint8Array(Math.min(this.#maxScratchBytes, Math.max(size, node.content.length * 2)));
      grown.set(node.content.subarray(0, node.size));
      node.content = grown;
    } else if (size * 2 < node.content.length) {
      // What is counted is the size, so room that is not used any longer must not be kept.
      node.content = node.content.slice(0, size);
    } else {
      node.content.fill(0, size, node.size);
    }
    this.#scratchBytes = total;
    node.size = size;
  }

  makeDirectory(path: string): void {
    const { parent, name } = this.#parentOf(path);
    if (name === '' || parent.entries.has(name)) fail('exists');
    this.#add(parent, name, this.#newDirectory(true));
  }

  remove(path: string, kind: 'file' | 'directory'): void {
    const { parent, name } = this.#parentOf(path);
    const node = parent.entries.get(name) ?? fail('notFound');
    if (!parent.writable) fail('readOnly');
    if (kind === 'directory' && node.kind !== 'directory') fail('notDirectory');
    if (kind === 'file' && node.kind === 'directory') fail('isDirectory');
    if (node.kind === 'directory' && node.entries.size > 0) fail('notEmpty');
    parent.entries.delete(name);
    this.#nodes--;
    // Its bytes go on counting while it may be open: the scratch space is small and short-lived.
  }

  rename(from: string, to: string): void {
    const source = this.#parentOf(from);
    const target = this.#parentOf(to);
    const node = source.parent.entries.get(source.name) ?? fail('notFound');
    if (!source.parent.writable || !target.parent.writable) fail('readOnly');
    if (`${to}/`.startsWith(`${from}/`) && from !== to) fail('invalid');
    const replaced = target.parent.entries.get(target.name);
    if (replaced?.kind === 'directory' && replaced.entries.size > 0) fail('notEmpty');
    if (replaced !== undefined && (replaced.kind === 'directory') !== (node.kind === 'directory'))
      fail(replaced.kind === 'directory' ? 'isDirectory' : 'notDirectory');
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, node);
  }

  /** Whether the node at `path` may be changed. */
  writable(path: string): boolean {
    const node = this.find(path);
    if (node.kind !== 'file') return node.kind === 'null' || node.writable;
    return this.#parentOf(path).parent.writable;
  }

  #make(path: string): FileNode | undefined {
    const known = this.#made.get(path);
    if (known !== undefined) return known;
    const content = this.#makeFile(path);
    if (content === undefined) return undefined;
    const node: FileNode = { kind: 'file', id: madeId(path), content, size: content.length, modifiedMs: 0 };
    this.#made.set(path, node);
    return node;
  }

  #newDirectory(writable: boolean): DirectoryNode {
    return { kind: 'directory', id: this.#nextId++, entries: new Map(), writable, modifiedMs: 0 };
  }

  #directory(path: string): DirectoryNode {
    const node = this.find(path);
    return node.kind === 'directory' ? node : fail('notDirectory');
  }

  #parentOf(path: string): { parent: DirectoryNode; name: string } {
    const cut = path.lastIndexOf('/');
    return { parent: this.#directory(path.slice(0, cut)), name: path.slice(cut + 1) };
  }

  #add(parent: DirectoryNode, name: string, node: Node): void {
    if (!parent.writable) fail('readOnly');
    if (++this.#nodes > maxNodes) fail('noSpace');
    parent.entries.set(name, node);
    parent.modifiedMs = Date.now();
  }

  #openAt(lowest: number, file: OpenFile): number {
    let fd = Math.max(0, lowest);
    while (this.#open.has(fd)) fd++;
    if (fd >= maxOpenFiles) return fail('tooManyFiles');
    this.#open.set(fd, file);
    return fd;
  }

  #install(path: string, content: Uint8Array): void {
    let directory = this.#root;
    const parts = path.split('/').filter((part) => part !== '');
    const name = parts.pop() ?? '';
    for (const part of parts) {
      const next = directory.entries.get(part) ?? this.#newDirectory(false);
      if (next.kind !== 'directory') throw new Error(`${path}: a file is in the way`);
      directory.entries.set(part, next);
      directory = next;
    }
    directory.entries.set(name, { kind: 'file', id: this.#nextId++, content, size: content.length, modifiedMs: 0 });
  }
}
