import { workflowFile, type WorkflowDraft } from '@millrace/testing';
import { adminKey, type TestGateway } from './gateway-fixture.js';

/** JSON of an answer, loosely typed: tests look at single fields. */
export type Body = Record<string, never> & { [key: string]: Body };

export interface Answer {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON; text and bytes are sent as they are. */
  body?: unknown;
}

/** One request; the body is sent as JSON. */
export async function call(url: string, { method, headers = {}, body }: Call = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: contentOf(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as Body };
}

const contentOf = (body: unknown): string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array
    ? (body as string | Uint8Array<ArrayBuffer>)
    : JSON.stringify(body);

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

/** A call of the console API with the admin key. */
export const consoleCall = (gateway: Pick<TestGateway, 'url'>, path: string, options: Call = {}): Promise<Answer> =>
  call(`${gateway.url}/console/api/${path}`, { ...options, headers: { ...bearer(adminKey), ...options.headers } });

/** Imports a workflow and gives it a key; publishes it unless told not to. */
export async function createTestApp(
  gateway: Pick<TestGateway, 'url'>,
  draft: WorkflowDraft,
  { publish = true }: { publish?: boolean } = {},
): Promise<{ appId: string; key: string }> {
  const body = { mode: 'yaml-content', yaml_content: workflowFile(draft) };
  const imported = await consoleCall(gateway, 'apps/imports', { body });
  if (imported.status !== 200) throw new Error(`import failed: ${imported.text}`);
  const appId = String(imported.body['app_id']);
  if (publish) await consoleCall(gateway, `apps/${appId}/workflows/publish`, { body: {} });
  const key = await consoleCall(gateway, `apps/${appId}/api-keys`, { method: 'POST' });
  return { appId, key: String(key.body['token']) };
}

export interface Frame {
  id?: string;
  /** `ping`, or the `event` of the JSON. */
  event: string;
  data?: Body;
}

/** Splits the text of a stream into frames. */
export function parseFrames(text: string): Frame[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      const id = lines.find((line) => line.startsWith('id: '))?.slice(4);
      const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
      if (data === undefined) return { event: block.replace('event: ', '') };
      const parsed = JSON.parse(data) as Body;
      return { event: String(parsed['event']), data: parsed, ...(id === undefined ? {} : { id }) };
    });
}
