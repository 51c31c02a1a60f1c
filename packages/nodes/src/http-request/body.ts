import { isFile } from '@millrace/graph';
import type { NodeScope } from '@millrace/contracts';
import { NodeFailure } from '../node-failure.js';
import type { BodyItem, HttpConfig } from './config.js';
import { renderJsonBody } from './json-body.js';
import { encodePairs } from './lines.js';

export interface RequestBody {
  content: string | FormData | undefined;
  /** Sent unless the user sets one. */
  contentType: string | undefined;
  /** How the body looks in the request dump. */
  dump: string;
}

const failure = (message: string) => new NodeFailure(message, 'RequestBodyError');

/** The body of a request from its configuration (dsl 4.13). @throws NodeFailure */
export function buildBody(body: HttpConfig['body'], scope: NodeScope, render: (text: string) => string): RequestBody {
  const text = (content: string, contentType: string): RequestBody => ({ content, contentType, dump: content });
  switch (body.type) {
    case 'none':
    case '':
      return { content: undefined, contentType: undefined, dump: '' };
    case 'raw-text':
      return text(render(onlyItem(body).value), 'text/plain');
    case 'json':
      return text(
        renderJsonBody(onlyItem(body).value, (selector) => scope.get(selector)),
        'application/json',
      );
    case 'x-www-form-urlencoded': {
      const fields = new Map(body.data.map(({ key, value }) => [render(key), render(value)]));
      return text(encodePairs([...fields]), 'application/x-www-form-urlencoded');
    }
    case 'form-data':
      return formData(body.data, scope, render);
    case 'binary': {
      const { file } = onlyItem(body);
      if (!file || !isFile(scope.get(file))) {
        throw new NodeFailure(
          `cannot fetch file with selector [${(file ?? []).map((part) => `'${part}'`).join(', ')}]`,
          'FileFetchError',
        );
      }
      throw failure('binary bodies are not supported yet');
    }
    default:
      throw failure(`Unknown body type '${body.type}'`);
  }
}

function onlyItem({ type, data }: HttpConfig['body']): BodyItem {
  const [item, ...rest] = data;
  if (!item || rest.length > 0) throw failure(`${type} body type should have exactly one item`);
  return item;
}

function formData(items: readonly BodyItem[], scope: NodeScope, render: (text: string) => string): RequestBody {
  const form = new FormData();
  const lines: string[] = [];
  for (const { type, key, value, file } of items) {
    const name = render(key);
    if (type === 'file') {
      if (file && scope.get(file) !== undefined)
        throw failure(`File part '${name}': files in form-data are not supported yet`);
      continue;
    }
    form.set(name, render(value));
  }
  for (const [name, value] of form) lines.push(`${name}: ${typeof value === 'string' ? value : ''}`);
  // As Dify's client: without a file part the form would not be multipart.
  form.set('__multipart_placeholder__', new Blob([], { type: 'application/octet-stream' }), '');
  return { content: form, contentType: undefined, dump: lines.join('\r\n') };
}
