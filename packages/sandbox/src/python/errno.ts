/** Error numbers as Emscripten's libc counts them (those of WASI). */
export const errno = {
  access: 2,
  badFile: 8,
  exists: 20,
  tooBig: 22,
  invalid: 28,
  isDirectory: 31,
  loop: 32,
  tooManyFiles: 33,
  nameTooLong: 37,
  noDevice: 43,
  notFound: 44,
  noSpace: 51,
  notSupported: 52,
  notDirectory: 54,
  notEmpty: 55,
  noTerminal: 59,
  notPermitted: 63,
  range: 68,
  readOnly: 69,
  noSeek: 70,
  crossDevice: 75,
} as const;

export type Errno = (typeof errno)[keyof typeof errno];

/** A system call that failed; the interpreter sees its number. */
export class SystemCallError extends Error {
  constructor(readonly errno: Errno) {
    super(`errno ${errno}`);
  }
}

export const fail = (name: keyof typeof errno): never => {
  throw new SystemCallError(errno[name]);
};
