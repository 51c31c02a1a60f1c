import { bodyName, type Expression, type Macro, type Parameter, type Statement, type Target } from './ast.js';
import { TemplateError } from './errors.js';
import { lex, type Piece } from './lexer.js';
import { Tokens } from './parse-expression.js';

const maxNesting = 100;

/** Parses a Jinja template. @throws TemplateError */
export function parseTemplate(source: string): Statement[] {
  return new Parser(lex(source)).whole();
}

class Parser {
  private position = 0;
  private nesting = 0;
  constructor(private readonly pieces: readonly Piece[]) {}

  whole(): Statement[] {
    const { body, tokens } = this.body([]);
    if (tokens) throw new TemplateError(`Encountered unknown tag '${tokens.current.text}' (line ${tokens.line})`);
    return body;
  }

  /** Statements up to one of the end tags, whose tokens are returned behind its name. */
  private body(ends: readonly string[]): { body: Statement[]; end: string; tokens: Tokens | undefined } {
    const body: Statement[] = [];
    this.nesting += 1;
    if (this.nesting > maxNesting) throw new TemplateError('blocks are nested too deeply');
    for (let piece = this.pieces[this.position]; piece; piece = this.pieces[this.position]) {
      this.position += 1;
      if (piece.kind === 'text') {
        body.push(piece);
        continue;
      }
      const tokens = new Tokens(piece.tokens, piece.line);
      if (piece.kind === 'output') {
        body.push({ kind: 'output', expression: tokens.tuple() });
        tokens.end();
        continue;
      }
      const tag = tokens.current.text;
      if (ends.includes(tag)) {
        tokens.next();
        this.nesting -= 1;
        return { body, end: tag, tokens };
      }
      const statement = this.statement(tokens);
      if (!statement) {
        if (this.nesting === 1) return { body, end: tag, tokens };
        throw new TemplateError(`Encountered unknown tag '${tag}', expected ${ends.join(' or ')} (line ${piece.line})`);
      }
      body.push(statement);
    }
    this.nesting -= 1;
    if (ends.length > 0) throw new TemplateError(`Unexpected end of template, expected ${ends.join(' or ')}`);
    return { body, end: '', tokens: undefined };
  }

  private closed(end: string): Statement[] {
    const { body, tokens } = this.body([end]);
    // `endblock` and `endmacro` may repeat the name.
    if (tokens?.current.type === 'name') tokens.next();
    tokens?.end();
    return body;
  }

  private statement(tokens: Tokens): Statement | undefined {
    const tag = tokens.current.text;
    const start = () => void tokens.next();
    switch (tag) {
      case 'if':
        start();
        return this.conditional(tokens);
      case 'for':
        start();
        return this.loop(tokens);
      case 'set':
        start();
        return this.assignment(tokens);
      case 'with':
        start();
        return this.scoped(tokens);
      case 'macro': {
        start();
        const name = tokens.name();
        tokens.expect('(');
        const parameters = this.parameters(tokens);
        tokens.end();
        return { kind: 'macro', macro: this.macro(name, parameters, 'endmacro') };
      }
      case 'call': {
        start();
        const parameters = tokens.take('(') ? this.parameters(tokens) : [];
        const call = tokens.expression();
        tokens.end();
        if (call.kind !== 'call') throw new TemplateError(`expected call (line ${tokens.line})`);
        return { kind: 'call-block', caller: this.macro('caller', parameters, 'endcall'), call };
      }
      case 'filter': {
        start();
        const filters = tokens.filters(tokens.filter({ kind: 'name', name: bodyName }));
        tokens.end();
        return { kind: 'filter-block', filters, body: this.closed('endfilter') };
      }
      case 'block':
        start();
        tokens.name();
        return { kind: 'block', body: this.closed('endblock') };
      case 'autoescape':
        start();
        if (!tokens.take('false', 'name'))
          throw new TemplateError(`'autoescape' is not available: use the filter e (line ${tokens.line})`);
        tokens.end();
        return { kind: 'block', body: this.closed('endautoescape') };
      case 'include':
      case 'extends':
      case 'import':
      case 'from':
        throw new TemplateError(`'${tag}' is not available: a template stands alone (line ${tokens.line})`);
      default:
        return undefined;
    }
  }

  private macro(name: string, parameters: Parameter[], end: string): Macro {
    const from = this.position;
    const body = this.closed(end);
    const takes = new Set<string>();
    for (const piece of this.pieces.slice(from, this.position)) {
      for (const { type, text } of piece.kind === 'text' ? [] : piece.tokens)
        if (type === 'name' && ['varargs', 'kwargs', 'caller'].includes(text)) takes.add(text);
    }
    return { name, parameters, body, takes };
  }

  private conditional(tokens: Tokens): Statement {
    const branches: { condition: Expression; body: Statement[] }[] = [];
    let condition = tokens.tuple();
    tokens.end();
    for (;;) {
      const part = this.body(['elif', 'else', 'endif']);
      branches.push({ condition, body: part.body });
      if (part.end === 'elif' && part.tokens) {
        condition = part.tokens.tuple();
        part.tokens.end();
        continue;
      }
      return { kind: 'if', branches, otherwise: part.end === 'else' ? this.closed('endif') : [] };
    }
  }

  private loop(tokens: Tokens): Statement {
    const target = this.target(tokens);
    tokens.expect('in', 'name');
    const over = tokens.expression(false);
    const items: Expression = tokens.is(',') ? { kind: 'tuple', items: [over, ...this.further(tokens)] } : over;
    const filter = tokens.take('if', 'name') ? tokens.expression() : undefined;
    const recursive = tokens.take('recursive', 'name');
    tokens.end();
    const { body, end } = this.body(['else', 'endfor']);
    const otherwise = end === 'else' ? this.closed('endfor') : [];
    return { kind: 'for', target, over: items, ...(filter && { filter }), recursive, body, otherwise };
  }

  private further(tokens: Tokens): Expression[] {
    const items: Expression[] = [];
    while (tokens.take(',')) items.push(tokens.expression(false));
    return items;
  }

  private assignment(tokens: Tokens): Statement {
    const target = this.target(tokens);
    if (tokens.take('=')) {
      const value = tokens.tuple();
      tokens.end();
      return { kind: 'set', target, value };
    }
    const filters = tokens.filters({ kind: 'name', name: bodyName });
    tokens.end();
    return { kind: 'set-block', target, filters, body: this.closed('endset') };
  }

  private scoped(tokens: Tokens): Statement {
    const bindings: { target: Target; value: Expression }[] = [];
    while (tokens.current.type !== 'end') {
      if (bindings.length > 0) tokens.expect(',');
      const name = tokens.name();
      tokens.expect('=');
      bindings.push({ target: { name }, value: tokens.expression() });
    }
    return { kind: 'with', bindings, body: this.closed('endwith') };
  }

  private target(tokens: Tokens): Target {
    const one = (): Target => {
      if (tokens.take('(')) {
        const inner = this.target(tokens);
        tokens.expect(')');
        return inner;
      }
      const name = tokens.name();
      return tokens.take('.') ? { name, attribute: tokens.name() } : { name };
    };
    const first = one();
    if (!tokens.is(',')) return first;
    const targets = [first];
    while (tokens.take(',')) targets.push(one());
    return targets;
  }

  private parameters(tokens: Tokens): Parameter[] {
    const parameters: Parameter[] = [];
    while (!tokens.take(')')) {
      if (parameters.length > 0) tokens.expect(',');
      const name = tokens.name();
      parameters.push(tokens.take('=') ? { name, fallback: tokens.expression() } : { name });
    }
    return parameters;
  }
}
