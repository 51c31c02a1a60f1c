import { isInteger } from '@millrace/graph';
import { binary, negate } from './arithmetic.js';
import { bodyName, type Argument, type Expression, type Macro, type Statement, type Target } from './ast.js';
import { compare } from './comparison.js';
import { TemplateError } from './errors.js';
import type { FilterContext } from './filter.js';
import { filters } from './filters.js';
import { createGlobals } from './globals.js';
import { createLoop } from './loop.js';
import { itemOf, memberOf, pick, sliceBounds } from './lookup.js';
import { spend, spendText } from './meter.js';
import { print } from './printing.js';
import {
  Attributes,
  Callable,
  characters,
  defined,
  Dict,
  entriesOf,
  isList,
  isMapping,
  isTrue,
  iterate,
  kindOf,
  list,
  plain,
  Range,
  Tuple,
  Undefined,
  View,
  type Item,
  type Named,
} from './runtime.js';
import { Scope } from './scope.js';
import { isNameOf, runTest, tests } from './tests.js';

const maxCallDepth = 100;

const globals = createGlobals();

/** Runs one template once. */
export class Interpreter implements FilterContext {
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

  private execute(statement: Statement, scope: Scope): string {
    spend(1);
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
        // Values see the names outside only.
        const values = statement.bindings.map(({ value }) => this.evaluate(value, scope));
        for (const [at, { target }] of statement.bindings.entries()) this.assign(target, values[at] ?? null, inner);
        return this.render(statement.body, inner);
      }
      case 'macro':
        scope.set(statement.macro.name, this.macro(statement.macro, scope));
        return '';
      case 'call-block': {
        const { args, named } = this.args(statement.call.args, scope);
        named['caller'] = this.macro(statement.caller, scope);
        return print(this.invoke(this.evaluate(statement.call.callee, scope), args, named));
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
      spend(1);
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

  private macro({ name, parameters, body, takes }: Macro, scope: Scope): Callable {
    const members = new Map<string, Item>([
      ['name', name],
      ['arguments', Tuple.with(parameters.map((parameter) => parameter.name))],
      ['catch_kwargs', takes.has('kwargs')],
      ['catch_varargs', takes.has('varargs')],
      ['caller', takes.has('caller')],
    ]);
    const call = (args: Item[], named: Named) =>
      this.nested(() => {
        const inner = new Scope(scope);
        const left = new Map(Object.entries(named));
        for (const [index, { name: parameter, fallback }] of parameters.entries()) {
          let given = args[index];
          if (index >= args.length) {
            given = left.get(parameter);
            left.delete(parameter);
          }
          const missing = () => new Undefined(`parameter '${parameter}' was not provided`);
          inner.set(parameter, given !== undefined ? given : fallback ? this.evaluate(fallback, inner) : missing());
        }
        if (takes.has('caller') && !parameters.some((parameter) => parameter.name === 'caller')) {
          inner.set('caller', left.get('caller') ?? new Undefined('No caller defined'));
          left.delete('caller');
        }
        const [unknown] = left.keys();
        if (takes.has('kwargs')) inner.set('kwargs', new Dict(left));
        else if (unknown !== undefined)
          throw new TemplateError(`macro '${name}' takes no keyword argument '${unknown}'`);
        const more = args.slice(parameters.length);
        if (takes.has('varargs')) inner.set('varargs', Tuple.with(more));
        else if (more.length > 0)
          throw new TemplateError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
        return this.render(body, inner);
      });
    return new Callable(name, call, members);
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
      if (!(holder instanceof Attributes) || !holder.members.set)
        throw new TemplateError('cannot assign attribute on non-namespace object');
      holder.members.set(target.attribute, value);
    }
  }

  private evaluate(node: Expression, scope: Scope): Item {
    spend(1);
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'name':
        return this.name(node.name, scope);
      case 'list':
        return list(node.items.map((item) => this.evaluate(item, scope)));
      case 'tuple':
        return Tuple.with(node.items.map((item) => this.evaluate(item, scope)));
      case 'dict':
        return new Dict(
          node.entries.map(([key, value]): [Item, Item] => [this.evaluate(key, scope), this.evaluate(value, scope)]),
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
        const input = this.evaluate(node.input, scope);
        const { args, named } = this.args(node.args, scope);
        return this.filter(node.name, input, args, named);
      }
      case 'test': {
        const input = this.evaluate(node.input, scope);
        return this.test(node.name, input, this.args(node.args, scope).args) !== node.negated;
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
    const named = Object.create(null) as Named;
    const name = (key: Item, value: Item) => {
      const text = plain(key);
      if (typeof text !== 'string') throw new TemplateError('keywords must be strings');
      if (text in named) throw new TemplateError(`got multiple values for keyword argument '${text}'`);
      named[text] = value;
    };
    for (const argument of given) {
      const value = this.evaluate(argument.value, scope);
      if (argument.name !== undefined) name(argument.name, value);
      else if (argument.spread === 'list') for (const each of iterate(value)) args.push(each);
      else if (argument.spread !== 'mapping') args.push(value);
      else if (!isMapping(value)) throw new TemplateError('argument after ** must be a mapping');
      else for (const [key, each] of entriesOf(value)) name(key, each);
    }
    return { args, named };
  }

  private call(callee: Expression, given: readonly Argument[], scope: Scope): Item {
    const target = this.evaluate(callee, scope);
    const { args, named } = this.args(given, scope);
    return this.invoke(target, args, named);
  }

  private invoke(target: Item, args: Item[], named: Named): Item {
    if (target instanceof Undefined) throw new TemplateError(target.message);
    if (target instanceof Callable) return target.call(args, named);
    if (target instanceof Attributes && target.call) return target.call(args);
    throw new TemplateError(`'${kindOf(target)}' object is not callable`);
  }

  private slice(node: Extract<Expression, { kind: 'slice' }>, scope: Scope): Item {
    const item = this.evaluate(node.object, scope);
    const object = defined(item);
    const bound = (part: Expression | undefined): number | undefined => {
      const value = part ? defined(this.evaluate(part, scope)) : null;
      if (value === null) return undefined;
      const whole = typeof value === 'boolean' ? Number(value) : value;
      if (typeof whole === 'bigint') return whole > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
      if (typeof whole !== 'number' || !isInteger(whole))
        throw new TemplateError('slice indices must be integers or None or have an __index__ method');
      return whole;
    };
    const [from, to, step] = [bound(node.from), bound(node.to), bound(node.step)];
    const bounds = (size: number) => sliceBounds(size, from, to, step);
    if (typeof object === 'string') {
      const chars = characters(object);
      return pick(chars, bounds(chars.length)).join('');
    }
    if (object instanceof Range) {
      const { start, end, step: by } = bounds(object.length);
      return new Range(object.start + start * object.step, object.start + end * object.step, object.step * by);
    }
    if (!isList(object) || object instanceof View)
      throw new TemplateError(`'${kindOf(object)}' object is not subscriptable`);
    const picked = list(pick<Item>(object, bounds(object.length)));
    return object instanceof Tuple ? Tuple.with(picked as Item[]) : picked;
  }

  filter(name: string, input: Item, args: Item[], named: Named): Item {
    spend(1);
    const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
    if (!filter) throw new TemplateError(`No filter named '${name}'.`);
    const given = filter.keepsMarkup ? input : plain(input);
    if (typeof given === 'string') spendText(given.length);
    return filter.run(given, args, named, this);
  }

  test(name: string, input: Item, args: Item[]): boolean {
    spend(1);
    if (name === 'filter') return isNameOf(input, filters);
    if (name === 'test') return isNameOf(input, tests);
    return runTest(name, input, args);
  }
}
