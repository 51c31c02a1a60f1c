import type { Value } from '@millrace/contracts';

export interface Argument {
  /** Name of a keyword argument. */
  name: string | undefined;
  /** `*list` gives several arguments by position, `**mapping` several by name. */
  spread?: 'list' | 'mapping';
  value: Expression;
}

export type Expression =
  | { kind: 'constant'; value: Value }
  | { kind: 'name'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'tuple'; items: Expression[] }
  | { kind: 'dict'; entries: [Expression, Expression][] }
  | { kind: 'attribute'; object: Expression; name: string }
  | { kind: 'item'; object: Expression; index: Expression }
  | { kind: 'slice'; object: Expression; from?: Expression; to?: Expression; step?: Expression }
  | { kind: 'call'; callee: Expression; args: Argument[] }
  | { kind: 'filter'; name: string; input: Expression; args: Argument[] }
  | { kind: 'test'; name: string; input: Expression; args: Argument[]; negated: boolean }
  | { kind: 'unary'; operator: '-' | '+' | 'not'; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'compare'; first: Expression; rest: { operator: string; operand: Expression }[] }
  | { kind: 'choice'; condition: Expression; then: Expression; otherwise?: Expression };

export interface Parameter {
  name: string;
  fallback?: Expression;
}

export interface Macro {
  name: string;
  parameters: Parameter[];
  body: Statement[];
  /** Which of `varargs`, `kwargs` and `caller` the body uses; others refuse what they do not take. */
  takes: ReadonlySet<string>;
}

/** What `set` and `for` assign to: a name, `namespace.attribute`, or several of them. */
export type Target = { name: string; attribute?: string } | Target[];

export type Statement =
  | { kind: 'text'; text: string }
  | { kind: 'output'; expression: Expression }
  | { kind: 'if'; branches: { condition: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | {
      kind: 'for';
      target: Target;
      over: Expression;
      filter?: Expression;
      recursive: boolean;
      body: Statement[];
      otherwise: Statement[];
    }
  | { kind: 'set'; target: Target; value: Expression }
  | { kind: 'set-block'; target: Target; filters: Expression; body: Statement[] }
  | { kind: 'with'; bindings: { target: Target; value: Expression }[]; body: Statement[] }
  | { kind: 'macro'; macro: Macro }
  | { kind: 'call-block'; caller: Macro; call: Extract<Expression, { kind: 'call' }> }
  | { kind: 'filter-block'; filters: Expression; body: Statement[] }
  | { kind: 'block'; body: Statement[] };

/** Stands for the rendered body in the filter chain of a block. */
export const bodyName = '\u0000body';
