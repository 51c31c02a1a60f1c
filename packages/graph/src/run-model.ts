import type { EdgeEntry, EdgeTable } from '@millrace/contracts';
import { edgeTable } from './edge-table.js';
import type { Plan } from './plan.js';

export type NodeState = 'ready' | 'running' | 'done' | 'skipped' | 'failed';

export interface Settlement {
  /** `done` resolves edges; `retry` makes the node ready again; `failed` fails the run. */
  outcome: 'done' | 'retry' | 'failed';
  /** Chosen handle of a branch node. */
  handle?: string;
}

export interface Settled {
  /** Nodes to begin next. */
  ready: number[];
  /** Nodes skipped by this settlement. */
  skipped: number[];
  /** Blocking edges taken by it, for the text stream. */
  taken: number[];
  /** Whether the end of the run is now decided. */
  ended: boolean;
}

/**
 * The run rules of dsl 3.2–3.7 on one frame, worked from the same edge tables as the transitions in
 * Redis: the oracle they are tested against. R1: a node is resolved when all its incoming edges are.
 * R2: it is ready when one of them was taken, skipped otherwise. R3: skips are applied before takes.
 * R4: the run ends when nothing is ready or running, or when a node fails.
 */
export class RunModel {
  readonly #plan: Plan;
  readonly #states = new Map<number, NodeState>();
  readonly #resolved = new Map<number, number>();
  readonly #taken = new Map<number, number>();
  #active = 0;
  #ended = false;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** The root node becomes ready. */
  start(): number[] {
    this.#makeReady(this.#plan.root.index);
    return [this.#plan.root.index];
  }

  /** Claims a ready node; `false` when it is not ready or the run has ended. */
  begin(node: number): boolean {
    if (this.#ended || this.#states.get(node) !== 'ready') return false;
    this.#states.set(node, 'running');
    return true;
  }

  /** Applies a result; a node that is not running, or an ended run, changes nothing. */
  settle(node: number, { outcome, handle = 'source' }: Settlement): Settled {
    const effect: Settled = { ready: [], skipped: [], taken: [], ended: this.#ended };
    if (this.#ended || this.#states.get(node) !== 'running') return effect;
    this.#active -= 1;
    if (outcome === 'retry') {
      this.#makeReady(node);
      effect.ready.push(node);
      return effect;
    }
    this.#states.set(node, outcome);
    if (outcome === 'done') this.#resolveEdges(node, handle, effect);
    this.#ended = outcome === 'failed' || this.#active === 0;
    effect.ended = this.#ended;
    return effect;
  }

  /** State of a node; `undefined` while some incoming edge is open. */
  state(node: number): NodeState | undefined {
    return this.#states.get(node);
  }

  get ended(): boolean {
    return this.#ended;
  }

  #resolveEdges(node: number, handle: string, effect: Settled): void {
    const table = JSON.parse(edgeTable(this.#plan, node, handle)) as EdgeTable;
    const queue = [...table.skip];
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      if (this.#resolve(entry, false, effect)) queue.push(...(table.below[entry[0]] ?? []));
    }
    for (const entry of table.take) this.#resolve(entry, true, effect);
  }

  /** Resolves one incoming edge of a target; answers whether the target is skipped by it. */
  #resolve([target, inDegree, blocking]: EdgeEntry, taken: boolean, effect: Settled): boolean {
    if (taken && blocking >= 0) effect.taken.push(blocking);
    const resolved = (this.#resolved.get(target) ?? 0) + 1;
    const takes = (this.#taken.get(target) ?? 0) + Number(taken);
    this.#resolved.set(target, resolved);
    this.#taken.set(target, takes);
    if (resolved < inDegree) return false;
    if (takes > 0) {
      this.#makeReady(target);
      effect.ready.push(target);
      return false;
    }
    this.#states.set(target, 'skipped');
    effect.skipped.push(target);
    return true;
  }

  #makeReady(node: number): void {
    this.#states.set(node, 'ready');
    this.#active += 1;
  }
}
