/** Room for the compiled forms of some hundred ordinary programs. */
const mostBytes = 4 * 1_048_576;

/**
 * Compiled forms of source texts, so that a program is compiled once and not with each run. A form is made before any of the
 * program has run, in an interpreter fresh from its snapshot, so it says what its text says and nothing else.
 */
export class PreparedCode {
  readonly #forms = new Map<string, Uint8Array>();
  #bytes = 0;

  get(code: string): Uint8Array | undefined {
    const form = this.#forms.get(code);
    if (form === undefined) return undefined;
    // The most recently used comes last.
    this.#forms.delete(code);
    this.#forms.set(code, form);
    return form;
  }

  keep(code: string, form: Uint8Array): void {
    this.#forms.set(code, form);
    this.#bytes += size(code, form);
    for (const [oldest, its] of this.#forms) {
      if (this.#bytes <= mostBytes) return;
      this.#forms.delete(oldest);
      this.#bytes -= size(oldest, its);
    }
  }
}

const size = (code: string, form: Uint8Array): number => code.length * 2 + form.length;
