import type { NodeScope, StreamedBody } from '@millrace/contracts';
import { buildForm, fileNote, type BodyFiles } from './body-files.js';
import { NodeFailure } from '../node-failure.js';
import type { BodyItem, HttpConfig } from './config.js';
import { renderJsonBody, type Mend } from './json-body.js';
import { encodePairs } from './lines.js';

export interface RequestBody {
  content: string | StreamedBody | undefined;
  /** Sent unless the user sets one; that of a form is always sent. */
  contentType: string | undefined;
  /** How the body looks in the request dump. */
  dump: string;
}

const failure = (message: string) => new NodeFailure(message, 'RequestBodyError');

/** The body of a request from its configuration (dsl 4.13). @throws NodeFailure */
export async function buildBody(
  body: HttpConfig['body'],
  scope: NodeScope,
  files: BodyFiles,
  render: (text: string) => string,
  mend: Mend,
): Promise<RequestBody> {
  const text = (content: string, contentType: string): RequestBody => ({ content, contentType, dump: content });
  switch (body.type) {
    case 'none':
    case '':
      return { content: undefined, contentType: undefined, dump: '' };
    case 'raw-text':
      return text(render(onlyItem(body).value), 'text/plain');
    case 'json':
      return text(
        await renderJsonBody(onlyItem(body).value, (selector) => scope.get(selector), mend),
        'application/json',
      );
    case 'x-www-form-urlencoded': {
      const fields = new Map(body.data.map(({ key, value }) => [render(key), render(value)]));
      return text(encodePairs([...fields]), 'application/x-www-form-urlencoded');
    }
    case 'form-data':
      return buildForm(body.data, files, render);
    case 'binary': {
      const item = onlyItem(body);
      const [file] = files.get(item) ?? [];
      if (!file) {
        const selector = (item.file ?? []).map((part) => `'${part}'`).join(', ');
        throw new NodeFailure(`cannot fetch file with selector [${selector}]`, 'FileFetchError');
      }
      return { content: file, contentType: undefined, dump: fileNote(file) };
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
