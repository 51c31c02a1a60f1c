import { Float, type Value } from '@millrace/contracts';
import { integerValue, maxIntegerDigits } from '@millrace/graph';
import { spend } from './meter.js';
import type { Argument, Expression } from './ast.js';
import { TemplateError } from './errors.js';
import type { Token } from './lexer.js';

const constants: Record<string, Value> = { true: true, True: true, false: false, False: false, none: null, None: null };
const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=']);
/** Expressions nested deeper than this are refused, because parsing and evaluation recurse. */
const maxDepth = 200;

/** A cursor over the tokens of one tag, with Jinja's expression grammar. */
export class Tokens {
  private position = 0;
  private depth = 0;
  constructor(
    private readonly tokens: readonly Token[],
    readonly line: number,
  ) {}

  get current(): Token {
    return this.tokens[this.position] ?? { type: 'end', text: '' };
  }
  private get following(): Token {
    return this.tokens[this.position + 1] ?? { type: 'end', text: '' };
  }
  next(): Token {
    spend(1);
    const token = this.current;
    this.position += 1;
    return token;
  }
  is(text: string, type: Token['type'] = 'operator'): boolean {
    return this.current.type === type && this.current.text === text;
  }
  /** Takes the operator if it is next. */
  take(text: string, type: Token['type'] = 'operator'): boolean {
    if (!this.is(text, type)) return false;
    this.position += 1;
    return true;
  }
  expect(text: string, type: Token['type'] = 'operator'): void {
    if (!this.take(text, type)) this.fail(text);
  }
  name(): string {
    if (this.current.type !== 'name') this.fail('name');
    return this.next().text;
  }
  end(): void {
    if (this.current.type !== 'end') this.fail('end of tag');
  }
  fail(expected: string): never {
    const got = this.current.type === 'end' ? 'end of tag' : this.current.text;
    throw new TemplateError(`expected token '${expected}', got '${got}' (line ${this.line})`);
  }

  /** An expression or, without brackets, a tuple of them. */
  tuple(): Expression {
    const first = this.expression();
    if (!this.is(',')) return first;
    const items = [first];
    while (this.take(',')) {
      if (this.current.type === 'end' || this.is('=') || this.is(')')) break;
      items.push(this.expression());
    }
    return { kind: 'tuple', items };
  }

  expression(withChoice = true): Expression {
    this.depth += 1;
    if (this.depth > maxDepth) throw new TemplateError(`expression is nested too deeply (line ${this.line})`);
    let node = this.or();
    while (withChoice && this.take('if', 'name')) {
      const condition = this.or();
      const otherwise = this.take('else', 'name') ? this.expression() : undefined;
      node = { kind: 'choice', condition, then: node, ...(otherwise && { otherwise }) };
    }
    this.depth -= 1;
    return node;
  }

  private or(): Expression {
    let left = this.and();
    while (this.take('or', 'name')) left = { kind: 'binary', operator: 'or', left, right: this.and() };
    return left;
  }
  private and(): Expression {
    let left = this.not();
    while (this.take('and', 'name')) left = { kind: 'binary', operator: 'and', left, right: this.not() };
    return left;
  }
  private not(): Expression {
    if (this.take('not', 'name')) return { kind: 'unary', operator: 'not', operand: this.not() };
    return this.compare();
  }
  private compare(): Expression {
    const first = this.sum();
    const rest: { operator: string; operand: Expression }[] = [];
    for (;;) {
      if (this.current.type === 'operator' && comparisons.has(this.current.text)) {
        rest.push({ operator: this.next().text, operand: this.sum() });
      } else if (this.take('in', 'name')) {
        rest.push({ operator: 'in', operand: this.sum() });
      } else if (this.is('not', 'name') && this.following.text === 'in') {
        this.position += 2;
        rest.push({ operator: 'not in', operand: this.sum() });
      } else break;
    }
    return rest.length > 0 ? { kind: 'compare', first, rest } : first;
  }
  private sum(): Expression {
    return this.chain(['+', '-'], () => this.concatenation());
  }
  private concatenation(): Expression {
    return this.chain(['~'], () => this.product());
  }
  private product(): Expression {
    return this.chain(['*', '/', '//', '%'], () => this.power());
  }
  private power(): Expression {
    return this.chain(['**'], () => this.unary());
  }
  private chain(operators: string[], operand: () => Expression): Expression {
    let left = operand();
    while (this.current.type === 'operator' && operators.includes(this.current.text)) {
      left = { kind: 'binary', operator: this.next().text, left, right: operand() };
    }
    return left;
  }
  private unary(withFilters = true): Expression {
    let node: Expression;
    if (this.is('-') || this.is('+')) {
      node = { kind: 'unary', operator: this.next().text as '-' | '+', operand: this.unary(false) };
    } else node = this.postfix(this.primary());
    return withFilters ? this.filters(node) : node;
  }

  private primary(): Expression {
    const token = this.next();
    if (token.type === 'name') {
      return Object.hasOwn(constants, token.text)
        ? { kind: 'constant', value: constants[token.text] ?? null }
        : { kind: 'name', name: token.text };
    }
    if (token.type === 'string') {
      let text = token.text;
      while (this.current.type === 'string') text += this.next().text;
      return { kind: 'constant', value: text };
    }
    if (token.type === 'integer') {
      if (token.text.length > maxIntegerDigits)
        throw new TemplateError(`an integer has more than ${maxIntegerDigits} digits (line ${this.line})`);
      return { kind: 'constant', value: integerValue(BigInt(token.text.replace(/^0+(?=\d)/, ''))) };
    }
    if (token.type === 'float') {
      const value = Number(token.text);
      return { kind: 'constant', value: Number.isInteger(value) ? new Float(value) : value };
    }
    if (token.text === '(') {
      if (this.take(')')) return { kind: 'tuple', items: [] };
      const inner = this.tuple();
      this.expect(')');
      return inner;
    }
    if (token.text === '[') return { kind: 'list', items: this.until(']', () => this.expression()) };
    if (token.text === '{') {
      const entries = this.until('}', (): [Expression, Expression] => {
        const key = this.expression();
        this.expect(':');
        return [key, this.expression()];
      });
      return { kind: 'dict', entries };
    }
    this.position -= 1;
    return this.fail('expression');
  }

  private until<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.take(close)) {
      if (items.length > 0) {
        this.expect(',');
        if (this.take(close)) break;
      }
      items.push(item());
    }
    return items;
  }

  private postfix(start: Expression): Expression {
    let node = start;
    for (;;) {
      if (this.take('.')) {
        const { type, text } = this.next();
        if (type === 'name') node = { kind: 'attribute', object: node, name: text };
        else if (type === 'integer')
          node = { kind: 'item', object: node, index: { kind: 'constant', value: Number(text) } };
        else this.fail('name or number');
      } else if (this.take('[')) node = this.subscript(node);
      else if (this.take('(')) node = { kind: 'call', callee: node, args: this.args() };
      else return node;
    }
  }

  private subscript(object: Expression): Expression {
    const bound = () => (this.is(':') || this.is(']') ? undefined : this.expression());
    const from = bound();
    if (!this.is(':')) {
      this.expect(']');
      return from ? { kind: 'item', object, index: from } : this.fail('expression');
    }
    this.expect(':');
    const to = bound();
    const step = this.take(':') ? bound() : undefined;
    this.expect(']');
    return { kind: 'slice', object, ...(from && { from }), ...(to && { to }), ...(step && { step }) };
  }

  /** Arguments of a call after its opening bracket. */
  args(): Argument[] {
    return this.until(')', (): Argument => {
      if (this.take('*')) return { name: undefined, value: this.expression(), spread: 'list' };
      if (this.take('**')) return { name: undefined, value: this.expression(), spread: 'mapping' };
      if (this.current.type === 'name' && this.following.type === 'operator' && this.following.text === '=') {
        const name = this.name();
        this.expect('=');
        return { name, value: this.expression() };
      }
      return { name: undefined, value: this.expression() };
    });
  }

  filters(start: Expression): Expression {
    let node = start;
    for (;;) {
      if (this.take('|')) node = this.filter(node);
      else if (this.take('is', 'name')) node = this.test(node);
      else if (this.take('(')) node = { kind: 'call', callee: node, args: this.args() };
      else return node;
    }
  }

  filter(input: Expression): Expression {
    const name = this.dottedName();
    return { kind: 'filter', name, input, args: this.take('(') ? this.args() : [] };
  }

  private test(input: Expression): Expression {
    const negated = this.take('not', 'name');
    const name = this.dottedName();
    let args: Argument[] = [];
    const { type, text } = this.current;
    const follows = new Set(['else', 'or', 'and', 'is', 'if', 'in', 'not', 'recursive']);
    if (this.take('(')) args = this.args();
    else if (
      ['string', 'integer', 'float'].includes(type) ||
      text === '[' ||
      text === '{' ||
      (type === 'name' && !follows.has(text))
    ) {
      args = [{ name: undefined, value: this.postfix(this.primary()) }];
    }
    return { kind: 'test', name, input, args, negated };
  }

  private dottedName(): string {
    let name = this.name();
    while (this.take('.')) name += `.${this.name()}`;
    return name;
  }
}
