/**
 * Tables of small integers that the compiled plan hands to the run-state transitions. They are
 * computed once per plan and node (and handle) and travel as JSON text in the arguments of a
 * transition, so Redis keeps no plan and every shard needs nothing prepared.
 */

/** `[target node, incoming edges of the target, edge index when the edge is a blocking one, else -1]` */
export type EdgeEntry = [target: number, inDegree: number, blocking: number];

/**
 * What resolving the edges of one completed node may touch (dsl 3.2).
 * Skips are applied before takes; `below` holds the outgoing edges of every node a skip may reach.
 */
export interface EdgeTable {
  take: EdgeEntry[];
  skip: EdgeEntry[];
  below: Record<string, EdgeEntry[]>;
}

/** One piece of an End node's text stream (dsl 5.1). */
export type StreamSegment =
  | { text: string; selector: string }
  /**
   * `sel` numbers the selector within the plan; `node` produces it; `selector` is its JSON text; `shared`: another
   * segment shows it too, so that its text is kept.
   */
  | { sel: number; node: number; selector: string; shared?: true };

/** Text-stream order of the plan's End nodes (dsl 5). */
export interface StreamTable {
  ends: {
    node: number;
    /** One list of blocking edge indices per path; reached when all edges of any list are taken. `[[]]` = at run start. */
    paths: number[][];
    segments: StreamSegment[];
  }[];
}
