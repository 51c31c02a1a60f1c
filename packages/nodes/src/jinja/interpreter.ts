import type { Value } from '@millrace/contracts';
import { isInteger } from '@millrace/graph';
import { binary, compare, negate } from './arithmetic.js';
import { bodyName, type Argument, type Expression, type Parameter, type Statement, type Target } from './ast.js';
import { TemplateError } from './errors.js';
import { filters, type FilterContext } from './filters.js';
import { createGlobals } from './globals.js';
import { createLoop } from './loop.js';
import { itemOf, memberOf, pick } from './lookup.js';
import {
  Attributes,
  Callable,
  defined,
  isTrue,
  iterate,
  kindOf,
  list,
  mapping,
  print,
  Undefined,
  type Item,
  type Named,
} from './runtime.js';
import { Scope } from './scope.js';
import { tests } from './tests.js';

/** Evaluated statements and expressions of one rendering: a fraction of a second. */
const maxSteps = 1_000_000;
const maxCallDepth = 100;

const globals = createGlobals();

/** Runs one template once. */
export class Interpreter implements FilterContext {
  private steps = 0;
  private callDepth = 0;

  /** @param maxLength rendering ends early when a text is certainly longer than this many characters */
  constructor(
    private readonly maxLength: number,
    private readonly tooLong: () => Error,
  ) {}

  render(body: readonly Statement[], scope: Scope): string {
    let text = '';
    for (const statement of body) {
      text += this.execute(statement, scope);
      // A character takes at most two code units.
      if (text.length > this.maxLength * 2) throw this.tooLong();
    }
    return text;
  }

  private step(): void {
    this.steps += 1;
    if (this.steps > maxSteps) throw new TemplateError(`The template takes more than ${maxSteps} steps`);
  }

  private execute(statement: Statement, scope: Scope): string {
    this.step();
    switch (statement.kind) {
      case 'text':
        return statement.text;
      case 'output':
        return print(this.evaluate(statement.expression, scope));
      case 'if': {
        const taken = statement.branches.find(({ condition }) => isTrue(this.evaluate(condition, scope)));
        return this.render(taken ? taken.body : statement.otherwise, scope);
      }
      case 'for':
        return this.loop(statement, this.evaluate(statement.over, scope), scope, 1);
      case 'set':
        this.assign(statement.target, this.evaluate(statement.value, scope), scope);
        return '';
      case 'set-block':
        this.assign(statement.target, this.filtered(statement.filters, statement.body, scope), scope);
        return '';
      case 'filter-block':
        return print(this.filtered(statement.filters, statement.body, scope));
      case 'with': {
        const inner = new Scope(scope);
        for (const { target, value } of statement.bindings) this.assign(target, this.evaluate(value, inner), inner);
        return this.render(statement.body, inner);
      }
      case 'macro':
        scope.set(statement.name, this.macro(statement.name, statement.parameters, statement.body, scope));
        return '';
      case 'call-block': {
        const inner = new Scope(scope);
        inner.set('caller', this.macro('caller', statement.parameters, statement.body, scope));
        return print(this.evaluate(statement.call, inner));
      }
      case 'block':
        return this.render(statement.body, new Scope(scope));
    }
  }

  private filtered(chain: Expression, body: Statement[], scope: Scope): Item {
    const inner = new Scope(scope);
    inner.set(bodyName, this.render(body, new Scope(scope)));
    return this.evaluate(chain, inner);
  }

  private loop(statement: Extract<Statement, { kind: 'for' }>, over: Item, scope: Scope, depth: number): string {
    const { filter } = statement;
    const all = iterate(over);
    const items = filter
      ? all.filter((item) => {
          const inner = new Scope(scope);
          this.assign(statement.target, item, inner);
          return isTrue(this.evaluate(filter, inner));
        })
      : all;
    if (items.length === 0) return this.render(statement.otherwise, scope);
    const again = statement.recursive
      ? (inner: Item) => this.nested(() => this.loop(statement, inner, scope, depth + 1))
      : undefined;
    let text = '';
    const state = createLoop(items, depth, again);
    for (const [index, item] of items.entries()) {
      this.step();
      const inner = new Scope(scope);
      inner.set('loop', state.at(index));
      this.assign(statement.target, item, inner);
      text += this.render(statement.body, inner);
      if (text.length > this.maxLength * 2) throw this.tooLong();
    }
    return text;
  }

  private nested<T>(run: () => T): T {
    this.callDepth += 1;
    if (this.callDepth > maxCallDepth) throw new TemplateError('maximum recursion depth exceeded');
    try {
      return run();
    } finally {
      this.callDepth -= 1;
    }
  }

  private macro(name: string, parameters: Parameter[], body: Statement[], scope: Scope): Callable {
    return new Callable(name, (args, named) =>
      this.nested(() => {
        const inner = new Scope(scope);
        const { caller } = named;
        if (caller !== undefined) inner.set('caller', caller);
        for (const [index, { name: parameter, fallback }] of parameters.entries()) {
          const given = index < args.length ? args[index] : named[parameter];
          const missing = () => new Undefined(`parameter '${parameter}' was not provided`);
          inner.set(parameter, given !== undefined ? given : fallback ? this.evaluate(fallback, inner) : missing());
        }
        inner.set('varargs', list(args.slice(parameters.length)));
        return this.render(body, inner);
      }),
    );
  }

  private assign(target: Target, value: Item, scope: Scope): void {
    if (Array.isArray(target)) {
      const values = iterate(defined(value));
      if (values.length !== target.length) {
        const problem = values.length > target.length ? 'too many values' : 'not enough values';
        throw new TemplateError(`${problem} to unpack (expected ${target.length}, got ${values.length})`);
      }
      for (const [index, each] of target.entries()) this.assign(each, values[index] ?? null, scope);
    } else if (target.attribute === undefined) {
      scope.set(target.name, value);
    } else {
      const holder = scope.get(target.name);
      if (!(holder instanceof Attributes)) throw new TemplateError('cannot assign attribute on non-namespace object');
      holder.members.set(target.attribute, value);
    }
  }

  private evaluate(node: Expression, scope: Scope): Item {
    this.step();
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'name':
        return this.name(node.name, scope);
      case 'list':
        return list(node.items.map((item) => this.evaluate(item, scope)));
      case 'dict':
        return mapping(
          node.entries.map(([key, value]): [string, Item] => [
            print(this.evaluate(key, scope)),
            this.evaluate(value, scope),
          ]),
        );
      case 'attribute':
        return memberOf(this.evaluate(node.object, scope), node.name);
      case 'item':
        return itemOf(this.evaluate(node.object, scope), this.evaluate(node.index, scope));
      case 'slice':
        return this.slice(node, scope);
      case 'call':
        return this.call(node.callee, node.args, scope);
      case 'filter': {
        const { args, named } = this.args(node.args, scope);
        return this.filter(node.name, this.evaluate(node.input, scope), args, named);
      }
      case 'test': {
        const { args } = this.args(node.args, scope);
        return this.test(node.name, this.evaluate(node.input, scope), args) !== node.negated;
      }
      case 'unary': {
        const operand = this.evaluate(node.operand, scope);
        return node.operator === 'not' ? !isTrue(operand) : negate(operand, node.operator);
      }
      case 'binary': {
        const left = this.evaluate(node.left, scope);
        if (node.operator === 'and') return isTrue(left) ? this.evaluate(node.right, scope) : left;
        if (node.operator === 'or') return isTrue(left) ? left : this.evaluate(node.right, scope);
        return binary(node.operator, left, this.evaluate(node.right, scope));
      }
      case 'compare': {
        let left = this.evaluate(node.first, scope);
        for (const { operator, operand } of node.rest) {
          const right = this.evaluate(operand, scope);
          if (!compare(operator, left, right)) return false;
          left = right;
        }
        return true;
      }
      case 'choice':
        if (isTrue(this.evaluate(node.condition, scope))) return this.evaluate(node.then, scope);
        return node.otherwise
          ? this.evaluate(node.otherwise, scope)
          : new Undefined('the inline if-expression has no else');
    }
  }

  private name(name: string, scope: Scope): Item {
    const own = scope.get(name);
    if (own !== undefined) return own;
    return globals.get(name) ?? new Undefined(`'${name}' is undefined`);
  }

  private args(given: readonly Argument[], scope: Scope): { args: Item[]; named: Named } {
    const args: Item[] = [];
    const named: Named = {};
    for (const { name, value } of given) {
      if (name === undefined) args.push(this.evaluate(value, scope));
      else named[name] = this.evaluate(value, scope);
    }
    return { args, named };
  }

  private call(callee: Expression, given: readonly Argument[], scope: Scope): Item {
    const target = this.evaluate(callee, scope);
    const { args, named } = this.args(given, scope);
    if (target instanceof Undefined) throw new TemplateError(target.message);
    if (target instanceof Callable) {
      const caller = scope.get('caller');
      return target.call(
        args,
        caller !== undefined && target.name !== 'caller' && callee.kind === 'name' ? { caller, ...named } : named,
      );
    }
    if (target instanceof Attributes && target.call) return target.call(args);
    throw new TemplateError(`'${kindOf(target)}' object is not callable`);
  }

  private slice(node: Extract<Expression, { kind: 'slice' }>, scope: Scope): Item {
    const object = defined(this.evaluate(node.object, scope));
    if (typeof object !== 'string' && !Array.isArray(object)) {
      return new Undefined(`'${kindOf(object)}' object is not subscriptable`);
    }
    const bound = (part: Expression | undefined): number | undefined => {
      const value: Value = part ? defined(this.evaluate(part, scope)) : null;
      if (value === null) return undefined;
      if (typeof value !== 'number' || !isInteger(value))
        throw new TemplateError('slice indices must be integers or None');
      return value;
    };
    const items: Item[] = typeof object === 'string' ? [...object] : object;
    const picked = pick(items, bound(node.from), bound(node.to), bound(node.step) ?? 1);
    return typeof object === 'string' ? picked.map(print).join('') : list(picked);
  }

  /** A member by a dotted path or an index, as filters take it. */
  attribute(item: Item, path: Item): Item {
    if (typeof path === 'number') return itemOf(item, path);
    return print(path)
      .split('.')
      .reduce((object: Item, part) => itemOf(object, /^\d+$/.test(part) ? Number(part) : part), item);
  }

  filter(name: string, input: Item, args: Item[], named: Named): Item {
    this.step();
    const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
    if (!filter) throw new TemplateError(`No filter named '${name}'.`);
    return filter(input, args, named, this);
  }

  test(name: string, input: Item, args: Item[]): boolean {
    this.step();
    if (name === 'filter') return Object.hasOwn(filters, print(input));
    if (name === 'test') return Object.hasOwn(tests, print(input));
    const test = Object.hasOwn(tests, name) ? tests[name] : undefined;
    if (!test) throw new TemplateError(`No test named '${name}'.`);
    return test(input, args);
  }
}
