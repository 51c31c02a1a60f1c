import type { StreamTable } from '@millrace/contracts';

/** One `text_chunk`; `selector` is the JSON text of `from_variable_selector`. */
export interface Chunk {
  text: string;
  selector: string;
}

/** Effects of one settled node on the text stream. */
export interface StreamStep {
  node: number;
  /** Blocking edges taken, in the order of the file. */
  taken?: number[];
  /** Nodes skipped. */
  skipped?: number[];
  /** One-piece values: selector number and markdown text. */
  values?: [sel: number, text: string][];
  /** Selectors whose stream ends with the node. */
  closes?: number[];
}

type Source = { state: 'open' | 'closed' | 'value'; text: string };

/**
 * The text-stream cursor of dsl 5.3: the oracle of the transitions in Redis. One End node is active at
 * a time, reached ones wait in order; chunks are buffered per selector until their segment's turn.
 */
export class StreamModel {
  readonly #table: StreamTable;
  readonly #edges = new Set<number>();
  readonly #reached = new Set<number>();
  readonly #queue: number[] = [];
  readonly #sources = new Map<number, Source>();
  readonly #over = new Set<number>();
  #cursor = 0;
  /** Characters of the source in turn that were sent for this segment. */
  #sent = 0;
  /** What is left; below zero nothing is sent any more. */
  #room: number;
  readonly #sizeOf: (chunk: Chunk) => number;

  /**
   * @param room most that may be streamed
   * @param sizeOf what a chunk takes of it
   */
  constructor(table: StreamTable, room = Infinity, sizeOf: (chunk: Chunk) => number = ({ text }) => text.length) {
    this.#table = table;
    this.#room = room;
    this.#sizeOf = sizeOf;
  }

  /** Whether a chunk was one too many: it was not sent, nor is any after it, and the run fails. */
  get exceeded(): boolean {
    return this.#room < 0;
  }

  /** What may be sent before any node has run. */
  start(): Chunk[] {
    this.#reachEnds();
    return this.#drive();
  }

  /** A piece of streamed text; `final` closes the selector's stream. */
  append(sel: number, text: string, final = false): Chunk[] {
    const before = this.#sources.get(sel);
    this.#sources.set(sel, { state: final ? 'closed' : 'open', text: (before?.text ?? '') + text });
    return this.#drive();
  }

  /** A node completed (or went on as an exception); a failed one ends the run instead. */
  settle({ node, taken = [], skipped = [], values = [], closes = [] }: StreamStep): Chunk[] {
    for (const [sel, text] of values) if (!this.#sources.has(sel)) this.#sources.set(sel, { state: 'value', text });
    for (const sel of closes) {
      const source = this.#sources.get(sel);
      if (source?.state === 'open') source.state = 'closed';
    }
    for (const each of [...skipped, node]) this.#over.add(each);
    // One by one: who is reached first streams first.
    for (const edge of taken) {
      this.#edges.add(edge);
      this.#reachEnds();
    }
    return this.#drive();
  }

  #reachEnds(): void {
    this.#table.ends.forEach((end, position) => {
      if (this.#reached.has(position)) return;
      if (!end.paths.some((path) => path.every((edge) => this.#edges.has(edge)))) return;
      this.#reached.add(position);
      this.#queue.push(position);
    });
  }

  #drive(): Chunk[] {
    const chunks: Chunk[] = [];
    this.#walk(chunks);
    return chunks.filter((chunk) => {
      if (this.#room >= 0) this.#room -= this.#sizeOf(chunk);
      return this.#room >= 0;
    });
  }

  #walk(chunks: Chunk[]): void {
    for (let position = this.#queue[0]; position !== undefined; position = this.#queue[0]) {
      const end = this.#table.ends[position];
      const segment = end?.segments[this.#cursor];
      if (!end || !segment) {
        this.#queue.shift();
        this.#cursor = 0;
        continue;
      }
      if ('text' in segment) {
        chunks.push({ text: segment.text, selector: segment.selector });
      } else if (!this.#pass(segment, end.node, chunks)) {
        break;
      }
      this.#cursor += 1;
      this.#sent = 0;
    }
  }

  /** Emits what a variable segment has; answers whether the cursor may move on. */
  #pass(segment: { sel: number; node: number; selector: string }, end: number, chunks: Chunk[]): boolean {
    const source = this.#sources.get(segment.sel);
    // A variable that was never produced is passed over; so is the rest once the End node itself is done.
    if (!source) return this.#over.has(segment.node) || this.#over.has(end);
    if (source.state === 'value') {
      chunks.push({ text: source.text, selector: segment.selector });
      return true;
    }
    // The text is kept: another segment may show it too.
    const text = source.text.slice(this.#sent);
    if (text !== '') chunks.push({ text, selector: segment.selector });
    this.#sent = source.text.length;
    if (source.state === 'open') return false;
    chunks.push({ text: '', selector: segment.selector });
    return true;
  }
}
