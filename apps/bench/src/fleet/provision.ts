/** Brings a workflow into a running gateway through the console API, as an operator would. */
export interface Console {
  url: string;
  adminKey: string;
}

/** Imports and publishes a workflow; answers a key for it. @throws with the gateway's answer. */
export async function provisionApp(console: Console, workflowFile: string): Promise<string> {
  const imported = await post<{ app_id: string; status: string }>(console, 'apps/imports', {
    mode: 'yaml-content',
    yaml_content: workflowFile,
  });
  await post(console, `apps/${imported.app_id}/workflows/publish`, {});
  const { token } = await post<{ token: string }>(console, `apps/${imported.app_id}/api-keys`, {});
  return token;
}

/** Gives the workflows' model provider the address of the bench's model. */
export async function provisionModel(console: Console, baseUrl: string): Promise<void> {
  await post(console, 'workspaces/current/model-providers/openai/credentials', {
    credentials: { api_key: 'bench', base_url: baseUrl },
  });
}

async function post<T>({ url, adminKey }: Console, path: string, body: object): Promise<T> {
  const answer = await fetch(`${url}/console/api/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
