import { type CageSystem, createSystemCalls } from './system-calls.js';
import { errno } from './errno.js';

/** The interpreter called something that the cage does not offer: the run ends. */
export class RefusedCallError extends Error {
  constructor(name: string) {
    super(`${name} is not available`);
  }
}

/**
 * Everything that the WebAssembly module of CPython may call, which is everything that code in the cage can reach, however it
 * corrupts its own memory. Calls of the operating system that the cage does not serve answer "not supported"; calls into
 * JavaScript (the bridge of Pyodide, dynamic loading, foreign functions) end the run.
 */
export function createImports(module: WebAssembly.Module, system: CageSystem): WebAssembly.Imports {
  const served = createSystemCalls(system);
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const entry of WebAssembly.Module.imports(module)) {
    const space = (imports[entry.module] ??= {});
    // Addresses of functions that only graphics code would ask for.
    if (entry.kind === 'global') space[entry.name] = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
    else space[entry.name] = (served[entry.name] as (() => unknown) | undefined) ?? refusal(entry.name);
  }
  return imports;
}

const refusal = (name: string): (() => number) =>
  name.startsWith('__syscall_')
    ? () => -errno.notSupported
    : () => {
        throw new RefusedCallError(name);
      };
