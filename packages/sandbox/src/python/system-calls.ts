import { readTime, tmBytes, writeTime } from './calendar.js';
import { errno, fail, SystemCallError } from './errno.js';
import type { TrackedMemory } from '../cage/tracked-memory.js';
import { type CageFiles, type Node, type OpenFile } from './files.js';

/** What the system calls work on. `memory` is there once the interpreter is. */
export interface CageSystem {
  memory: () => TrackedMemory;
  files: CageFiles;
  environment: readonly string[];
  maxMemoryBytes: number;
  /** Called when the interpreter asks for more memory than it may have. */
  onMemoryRefused: () => void;
}

/** The interpreter ended itself (`abort`, a fatal error, `_exit`). */
export class CageExit extends Error {
  constructor(readonly code: number) {
    super(`The interpreter exited with ${code}`);
  }
}

type Import = (...args: never[]) => unknown;
/** Moves up to `length` bytes between a file at position `at` and the memory at `address`. Returns how many. */
type Move = (file: OpenFile, address: number, length: number, at: number) => number;

const currentDirectory = -100;
const emptyPath = 0x1000;
const removeDirectory = 0x200;
/** As on Linux. Longer texts are not even copied: what the host makes of them could be larger than it can hold. */
const maxPathBytes = 4_096;
const fileType = { file: 0o100000, directory: 0o040000, null: 0o020000 };
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The imports of CPython that the cage serves; every other one is refused (see `refusals`). */
export function createSystemCalls(system: CageSystem): Record<string, Import> {
  const { files, memory } = system;
  /** A part of the memory that is overwritten with zeros and then filled. */
  const record = (address: number, length: number): DataView => {
    memory().writableBytes(address, length).fill(0);
    return memory().writableView(address, length);
  };
  const setUint32 = (address: number, value: number): void =>
    memory().writableView(address, 4).setUint32(0, value, true);
  const setBigInt64 = (address: number, value: bigint): void =>
    memory().writableView(address, 8).setBigInt64(0, value, true);

  const textAt = (pointer: number): string => {
    const start = pointer >>> 0;
    const text = memory().bytes.subarray(start, start + maxPathBytes);
    const length = text.indexOf(0);
    return length < 0 ? fail('nameTooLong') : decoder.decode(text.subarray(0, length));
  };
  const pathAt = (directory: number, pointer: number, mayBeEmpty = false): string => {
    const path = textAt(pointer);
    if (path === '' && !mayBeEmpty) return fail('notFound');
    const absolute = files.absolute(path, directory === currentDirectory ? files.cwd : files.file(directory).path);
    return absolute.length < maxPathBytes ? absolute : fail('nameTooLong');
  };
  const argument = (varargs: number): number => memory().view.getInt32(varargs >>> 0, true);
  const lengthOf = (length: bigint): number => {
    if (length < 0n || length > 0xffff_ffffn) return fail('tooBig');
    return Number(length);
  };

  const stat = (at: number, node: Node): number => {
    const data = record(at, 96);
    const writable = node.kind === 'directory' ? node.writable : node.kind === 'file';
    const size = node.kind === 'file' ? node.size : 0;
    const seconds = BigInt(Math.floor(node.modifiedMs / 1_000));
    const nanoseconds = Math.floor(node.modifiedMs % 1_000) * 1_000_000;
    data.setUint32(0, 1, true);
    data.setUint32(4, fileType[node.kind] | (writable ? 0o777 : 0o555), true);
    data.setUint32(8, 1, true);
    data.setBigInt64(24, BigInt(size), true);
    data.setInt32(32, 4_096, true);
    data.setInt32(36, Math.ceil(size / 512), true);
    for (const time of [40, 56, 72]) {
      data.setBigInt64(time, seconds, true);
      data.setUint32(time + 8, nanoseconds, true);
    }
    data.setBigInt64(88, BigInt(node.id), true);
    return 0;
  };

  /** Runs `move` over the buffers of a vector until one is not filled. */
  const overVector = (vector: number, count: number, move: (address: number, length: number) => number): number => {
    let total = 0;
    for (let index = 0; index < count; index++) {
      const entry = (vector >>> 0) + index * 8;
      const start = memory().view.getUint32(entry, true);
      const length = memory().view.getUint32(entry + 4, true);
      const moved = move(start, length);
      total += moved;
      if (moved < length) break;
    }
    return total;
  };
  const transfer = (fd: number, vector: number, count: number, result: number, move: Move, at?: bigint): number => {
    const file = files.file(fd);
    let position = at === undefined ? file.position : lengthOf(at);
    const total = overVector(vector, count, (address, length) => {
      const moved = move(file, address, length, position);
      position += moved;
      return moved;
    });
    if (at === undefined) file.position = position;
    setUint32(result, total);
    return 0;
  };
  const read: Move = (file, address, length, at) => files.read(file, memory().writableBytes(address, length), at);
  const write: Move = (file, address, length, at) =>
    files.write(file, memory().bytes.subarray(address, address + length), at);

  const directoryEntries = (fd: number, at: number, space: number): number => {
    const file = files.file(fd);
    if (file.node.kind !== 'directory') return fail('notDirectory');
    const names = ['.', '..', ...file.node.entries.keys()];
    const size = 280;
    let written = 0;
    for (; file.position < names.length && written + size <= space; file.position++, written += size) {
      const name = names[file.position] ?? '';
      const node = file.node.entries.get(name) ?? file.node;
      const address = (at >>> 0) + written;
      const data = record(address, size);
      data.setBigInt64(0, BigInt(node.id), true);
      data.setBigInt64(8, BigInt(file.position + 1), true);
      data.setUint16(16, size, true);
      data.setUint8(18, node.kind === 'directory' ? 4 : node.kind === 'file' ? 8 : 2);
      encoder.encodeInto(name, memory().writableBytes(address + 19, size - 20));
    }
    return written;
  };

  const seek = (fd: number, offset: bigint, whence: number, result: number): number => {
    const file = files.file(fd);
    const size = file.node.kind === 'file' ? file.node.size : 0;
    const position = Number(offset) + (whence === 1 ? file.position : whence === 2 ? size : 0);
    if (position < 0 || position > 0xffff_ffff) return fail('invalid');
    file.position = position;
    setBigInt64(result, BigInt(position));
    return 0;
  };

  const now = (clock: number): number => (clock === 0 ? Date.now() : performance.now());
  const sleepCell = new Int32Array(new SharedArrayBuffer(4));

  /** System calls: results below zero are error numbers. */
  const system32: Record<string, Import> = {
    __syscall_openat: (directory: number, path: number, flags: number) => files.open(pathAt(directory, path), flags),
    __syscall_stat64: (path: number, at: number) => stat(at, files.find(pathAt(currentDirectory, path))),
    __syscall_lstat64: (path: number, at: number) => stat(at, files.find(pathAt(currentDirectory, path))),
    __syscall_fstat64: (fd: number, at: number) => stat(at, files.file(fd).node),
    __syscall_newfstatat: (directory: number, path: number, at: number, flags: number) =>
      stat(at, files.find(pathAt(directory, path, (flags & emptyPath) !== 0))),
    __syscall_faccessat: (directory: number, path: number, mode: number) => {
      const absolute = pathAt(directory, path);
      files.find(absolute);
      return (mode & 2) !== 0 && !files.writable(absolute) ? fail('access') : 0;
    },
    __syscall_readlinkat: (directory: number, path: number) => {
      files.find(pathAt(directory, path));
      return fail('invalid');
    },
    __syscall_getdents64: directoryEntries,
    __syscall_getcwd: (at: number, space: number) => {
      const path = encoder.encode(`${files.cwd}\0`);
      if (space < path.length) return fail('range');
      memory().write(at, path);
      return path.length;
    },
    __syscall_chdir: (path: number) => {
      const absolute = pathAt(currentDirectory, path);
      if (files.find(absolute).kind !== 'directory') return fail('notDirectory');
      files.cwd = absolute;
      return 0;
    },
    __syscall_mkdirat: (directory: number, path: number) => {
      files.makeDirectory(pathAt(directory, path));
      return 0;
    },
    __syscall_unlinkat: (directory: number, path: number, flags: number) => {
      files.remove(pathAt(directory, path), flags === removeDirectory ? 'directory' : 'file');
      return 0;
    },
    __syscall_rmdir: (path: number) => {
      files.remove(pathAt(currentDirectory, path), 'directory');
      return 0;
    },
    __syscall_renameat: (fromDirectory: number, from: number, toDirectory: number, to: number) => {
      files.rename(pathAt(fromDirectory, from), pathAt(toDirectory, to));
      return 0;
    },
    __syscall_ftruncate64: (fd: number, length: bigint) => {
      const { node, writable } = files.file(fd);
      if (node.kind !== 'file' || !writable) return fail('invalid');
      files.resize(node, lengthOf(length));
      return 0;
    },
    __syscall_truncate64: (path: number, length: bigint) => {
      const absolute = pathAt(currentDirectory, path);
      const node = files.find(absolute);
      if (node.kind !== 'file' || !files.writable(absolute)) return fail('readOnly');
      files.resize(node, lengthOf(length));
      return 0;
    },
    __syscall_utimensat: () => 0,
    __syscall_dup: (fd: number) => files.duplicate(fd, 0),
    __syscall_dup3: (fd: number, target: number) => files.replace(fd, target),
    __syscall_fcntl64: (fd: number, command: number, varargs: number) => {
      const file = files.file(fd);
      if (command === 0 || command === 1030) return files.duplicate(fd, argument(varargs));
      if (command === 3) return file.writable ? 2 : 0;
      return command <= 4 ? 0 : fail('invalid');
    },
    __syscall_ioctl: (fd: number) => {
      files.file(fd);
      return fail('noTerminal');
    },
    __syscall_fdatasync: () => 0,
    __syscall_umask_js: () => 0o022,
    __syscall_getuid32_js: () => 0,
    // The only way to wait: `time.sleep` of the prelude comes here. Descriptors are always ready.
    __syscall_poll: (polls: number, count: number, timeoutMs: number) => {
      for (let index = 0; index < count; index++) {
        const poll = memory().writableView((polls >>> 0) + index * 8, 8);
        poll.setInt16(6, poll.getInt16(4, true) & 5, true);
      }
      if (count === 0 && timeoutMs > 0) Atomics.wait(sleepCell, 0, 0, timeoutMs);
      return count;
    },
  };

  /** Calls of WASI: results are error numbers, 0 is success. */
  const wasi: Record<string, Import> = {
    fd_close: (fd: number) => {
      files.close(fd);
      return 0;
    },
    fd_read: (fd: number, vector: number, count: number, result: number) => transfer(fd, vector, count, result, read),
    fd_pread: (fd: number, vector: number, count: number, at: bigint, result: number) =>
      transfer(fd, vector, count, result, read, at),
    fd_write: (fd: number, vector: number, count: number, result: number) => {
      const file = files.file(fd);
      if (file.append && file.node.kind === 'file') file.position = file.node.size;
      return transfer(fd, vector, count, result, write);
    },
    fd_pwrite: (fd: number, vector: number, count: number, at: bigint, result: number) =>
      transfer(fd, vector, count, result, write, at),
    fd_seek: seek,
    fd_sync: () => 0,
    fd_fdstat_get: (fd: number, at: number) => {
      const { node } = files.file(fd);
      record(at, 24).setUint8(0, node.kind === 'directory' ? 3 : node.kind === 'file' ? 4 : 2);
      return 0;
    },
    environ_sizes_get: (count: number, size: number) => {
      setUint32(count, system.environment.length);
      setUint32(size, encoder.encode(system.environment.join('\0')).length + 1);
      return 0;
    },
    environ_get: (pointers: number, at: number) => {
      let address = at >>> 0;
      system.environment.forEach((entry, index) => {
        setUint32((pointers >>> 0) + index * 4, address);
        const text = encoder.encode(`${entry}\0`);
        memory().write(address, text);
        address += text.length;
      });
      return 0;
    },
    clock_res_get: (_clock: number, at: number) => {
      setBigInt64(at, 1_000n);
      return 0;
    },
    clock_time_get: (clock: number, _precision: bigint, at: number) => {
      setBigInt64(at, BigInt(Math.round(now(clock) * 1_000)) * 1_000n);
      return 0;
    },
    random_get: (at: number, length: number) => {
      const largest = 65_536;
      for (let done = 0; done < length; done += largest)
        memory().write((at >>> 0) + done, crypto.getRandomValues(new Uint8Array(Math.min(largest, length - done))));
      return 0;
    },
  };

  const exit = (code: number): never => {
    throw new CageExit(code);
  };
  const plain: Record<string, Import> = {
    exit,
    proc_exit: exit,
    _abort_js: () => exit(134),
    emscripten_get_now: () => performance.now(),
    emscripten_date_now: () => Date.now(),
    _tzset_js: (timezone: number, daylight: number, standardName: number, daylightName: number) => {
      setUint32(timezone, 0);
      setUint32(daylight, 0);
      for (const name of [standardName, daylightName]) memory().write(name, encoder.encode('UTC\0'));
    },
    _gmtime_js: (seconds: bigint, at: number) => writeTime(memory().writableView(at, tmBytes), seconds),
    _localtime_js: (seconds: bigint, at: number) => writeTime(memory().writableView(at, tmBytes), seconds),
    _timegm_js: (at: number) => readTime(memory().writableView(at, tmBytes)),
    _mktime_js: (at: number) => readTime(memory().writableView(at, tmBytes)),
    emscripten_get_heap_max: () => system.maxMemoryBytes,
    emscripten_resize_heap: (requested: number) => growMemory(system, requested >>> 0),
    _emscripten_get_progname: (at: number, space: number) => {
      if (space > 0) memory().writableView(at, 1).setUint8(0, 0);
    },
    _PyEM_TrampolineCall_JS: () => exit(134),
    // No signals, and nothing keeps the interpreter alive but the call it is in.
    _Py_CheckEmscriptenSignals_Helper: () => 0,
    _Py_emscripten_runtime: () => 0,
    _setitimer_js: () => 0,
    emscripten_runtime_keepalive_push: () => undefined,
    emscripten_runtime_keepalive_pop: () => undefined,
    _emscripten_runtime_keepalive_clear: () => undefined,
    _emscripten_log_formatted: () => undefined,
    emscripten_log_impl_js: () => undefined,
    // Asked for once, while static constructors run; the bridge that would use it is refused.
    __hiwire_deduplicate_new: () => null,
    // No descriptor is a socket: the interpreter goes on with the ordinary call.
    _try_fcntl64: () => 0,
    _try_shutdown: () => 0,
    _maybe_connect_async: () => null,
    _maybe_recvfrom_async: () => null,
    _maybe_sendto_async: () => null,
    _maybe_poll_async: () => null,
    // Name resolution fails (`EAI_FAIL`).
    getaddrinfo: () => -4,
    getnameinfo: () => -4,
    getprotobyname: () => 0,
  };

  return { ...mapErrors(system32, -1), ...mapErrors(wasi, 1), ...plain };
}

function growMemory(system: CageSystem, requested: number): number {
  const memory = system.memory();
  const current = memory.byteLength;
  if (requested > system.maxMemoryBytes) {
    system.onMemoryRefused();
    return 0;
  }
  const target = Math.min(system.maxMemoryBytes, Math.max(requested, Math.ceil(current * 1.2)));
  memory.grow(target - current);
  return 1;
}

function mapErrors(calls: Record<string, Import>, sign: 1 | -1): Record<string, Import> {
  const mapped = Object.entries(calls).map(([name, call]): [string, Import] => [
    name,
    (...args) => {
      try {
        return call(...args);
      } catch (error) {
        if (error instanceof SystemCallError) return sign * error.errno;
        // An address outside of the memory.
        if (error instanceof RangeError) return sign * errno.invalid;
        throw error;
      }
    },
  ]);
  return Object.fromEntries(mapped);
}
