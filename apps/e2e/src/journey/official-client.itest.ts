import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { startModelServer, type ModelServer } from '@millrace/testing';
import { Fleet } from '../fleet.js';
import { ask, chain5 } from '../workflows.js';

/** Workflow runs are in its CompletionClient, and missing from its type declarations. */
interface WorkflowClient {
  runWorkflow(inputs: object, user: string, stream?: boolean): Promise<{ status: number; data: unknown }>;
  getApplicationParameters(user: string): Promise<{ data: { user_input_form: unknown[] } }>;
}
const { CompletionClient } = (await import(createRequire(import.meta.url).resolve('dify-client'))) as {
  CompletionClient: new (apiKey: string, baseUrl: string) => WorkflowClient;
};

let fleet: Fleet;
let model: ModelServer;

beforeAll(async () => {
  [fleet, model] = await Promise.all([Fleet.start(), startModelServer({ text: 'Bonjour le monde' })]);
  await fleet.saveModel(model.baseUrl);
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), model.close()]);
}, 60_000);

async function text(stream: Readable): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

describe("Dify's official Node client, unmodified", () => {
  it('runs a workflow in blocking mode and reads its form', async () => {
    const client = new CompletionClient((await fleet.publish(chain5())).apiKey, `${fleet.url()}/v1`);
    const { status, data } = await client.runWorkflow({ text: 'x' }, 'someone');
    expect(status).toBe(200);
    expect(data).toMatchObject({
      data: { status: 'succeeded', outputs: { result: 'x-a-b-c' }, total_steps: 5, error: null },
    });
    const { data: parameters } = await client.getApplicationParameters('someone');
    expect(parameters.user_input_form).toMatchObject([{ 'text-input': { variable: 'text', required: true } }]);
  });

  it('streams a model answer', async () => {
    const client = new CompletionClient((await fleet.publish(ask())).apiKey, `${fleet.url()}/v1`);
    const { data } = await client.runWorkflow({ question: 'hello' }, 'someone', true);
    const frames = (await text(data as Readable)).split('\n\n').filter((frame) => frame.includes('data: '));
    const events = frames.map(
      (frame) => JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? '') as { event: string; data: { text?: string } },
    );
    expect(events.map(({ event }) => event).filter((event) => event !== 'text_chunk')).toEqual([
      'workflow_started',
      ...['node_started', 'node_finished', 'node_started', 'node_finished', 'node_started', 'node_finished'],
      'workflow_finished',
    ]);
    const chunks = events.filter(({ event }) => event === 'text_chunk');
    expect(chunks.map(({ data: { text: piece } }) => piece).join('')).toBe('Bonjour le monde');
    expect(events.at(-1)).toMatchObject({ data: { status: 'succeeded', outputs: { answer: 'Bonjour le monde' } } });
  });
});
