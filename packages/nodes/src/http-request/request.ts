import type { NodeScope, OutboundRequest } from '@millrace/contracts';
import { renderTemplate, textBudget } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { BodyFiles } from './body-files.js';
import { buildBody } from './body.js';
import type { Mend } from './json-body.js';
import { secretMasker } from '../mask-secrets.js';
import type { HttpConfig } from './config.js';
import { encodePairs, splitPair, textLines } from './lines.js';

export interface PreparedRequest {
  request: Pick<OutboundRequest, 'method' | 'url' | 'headers' | 'confidentialHeaders' | 'body'>;
  /** The request as text, with credentials and secret variables masked. */
  dump: string;
}

/** Builds the request of a node from its configuration and variables (dsl 4.13). @throws NodeFailure without secrets */
export async function prepareRequest(
  config: HttpConfig,
  scope: NodeScope,
  files: BodyFiles,
  mend: Mend,
): Promise<PreparedRequest> {
  const mask = secretMasker(scope.secrets);
  try {
    const { request, dump } = await build(config, scope, files, mend);
    return { request, dump: mask(dump) };
  } catch (error) {
    if (error instanceof NodeFailure) throw new NodeFailure(mask(error.message), error.errorType, { cause: error });
    throw error;
  }
}

/** The address of a request as messages may tell it: without params, and without a name and a password in it. */
export function shownAddress(config: HttpConfig, scope: NodeScope): string {
  const text = renderTemplate(config.url, (selector) => scope.get(selector));
  const url = URL.parse(text);
  if (!url || (url.username === '' && url.password === '')) return text;
  url.username = url.password = '';
  return url.href;
}

async function build(config: HttpConfig, scope: NodeScope, files: BodyFiles, mend: Mend): Promise<PreparedRequest> {
  const spend = textBudget();
  const render = (text: string) => renderTemplate(text, (selector) => scope.get(selector), 'text', spend);
  const auth = authorization(config.auth, render);
  const url = targetUrl(render(config.url), config.params, render);
  const headers = parseHeaders(render(config.headers));
  if (auth) put(headers, auth.header, auth.value);
  const isConfidential = ([name, value]: [string, string]) =>
    (auth !== undefined && same(name, auth.header)) || (scope.secrets ?? []).some((secret) => value.includes(secret));
  const body = await buildBody(config.body, scope, files, render, mend);
  // A form's content type names its boundary: the user's would not.
  const isForm = config.body.type === 'form-data';
  if (isForm) drop(headers, 'content-type');
  else if (body.contentType !== undefined && !has(headers, 'content-type'))
    headers.set('Content-Type', body.contentType);
  const method = config.method.toUpperCase();
  return {
    request: {
      method,
      url: url.href,
      headers: {
        ...Object.fromEntries(headers),
        ...(isForm && body.contentType !== undefined && { 'Content-Type': body.contentType }),
      },
      confidentialHeaders: [...headers].filter(isConfidential).map(([name]) => name),
      ...(body.content !== undefined && { body: body.content }),
    },
    dump: dumpRequest(
      method,
      url,
      headers,
      new Set(['authorization', auth?.header.toLowerCase()]),
      config.body.type,
      body.dump,
    ),
  };
}

function authorization(
  auth: HttpConfig['auth'],
  render: (text: string) => string,
): { header: string; value: string } | undefined {
  if (!auth) return undefined;
  if (auth === 'incomplete') throw new NodeFailure('authorization config is required', 'AuthorizationConfigError');
  const key = render(auth.api_key);
  if (key.trim() === '') {
    const message = 'API key is required for authorization but was empty. Please provide a valid API key.';
    throw new NodeFailure(message, 'AuthorizationConfigError');
  }
  const header = auth.header.trim() || 'Authorization';
  // White space around a header's value is no part of it; inside of an encoded pair it counts.
  if (auth.type === 'bearer') return { header, value: `Bearer ${key.trim()}` };
  if (auth.type === 'custom') return { header, value: key.trim() };
  return { header, value: `Basic ${key.includes(':') ? Buffer.from(key).toString('base64') : key.trim()}` };
}

/** A name and a password in what is no address. */
const login = /^(https?:[/\\]*)[^/\\?#]*@/;

function targetUrl(text: string, params: string, render: (text: string) => string): URL {
  if (text === '') throw new NodeFailure('url is required', 'InvalidURLError');
  if (!/^https?:\/\//.test(text)) throw new NodeFailure('url should start with http:// or https://', 'InvalidURLError');
  const url = URL.parse(text);
  if (!url)
    throw new NodeFailure(`'${text.replace(login, '$1')}' is not a valid URL and is not allowed`, 'InvalidURLError');
  const pairs = textLines(params)
    .map(splitPair)
    .filter(([key]) => key !== '')
    .map(([key, value]): [string, string] => [render(key), render(value)]);
  if (pairs.length > 0) url.search = encodePairs(pairs);
  return url;
}

function parseHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [key, value] of textLines(text).map(splitPair)) if (key !== '') put(headers, key, value);
  return headers;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const has = (headers: Map<string, string>, name: string): boolean => [...headers.keys()].some((key) => same(key, name));

function drop(headers: Map<string, string>, name: string): void {
  for (const key of [...headers.keys()]) if (same(key, name)) headers.delete(key);
}

function put(headers: Map<string, string>, name: string, value: string): void {
  drop(headers, name);
  headers.set(name, value);
}

function dumpRequest(
  method: string,
  url: URL,
  headers: ReadonlyMap<string, string>,
  masked: ReadonlySet<string | undefined>,
  bodyType: string,
  body: string,
): string {
  const shown = [...headers].map(
    ([name, value]) => `${name}: ${masked.has(name.toLowerCase()) ? '*'.repeat(value.length) : value}`,
  );
  if (bodyType === 'form-data') shown.push('Content-Type: multipart/form-data');
  if (body !== '') shown.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return [`${method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...shown, '', body].join('\r\n');
}
