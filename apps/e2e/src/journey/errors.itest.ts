import { end, http, ifElse, start, startHttpTarget, template, workflowFile, type HttpTarget } from '@millrace/testing';
import { checkStream, Client, collect, type WireEvent } from '../client.js';
import { Fleet } from '../fleet.js';

let fleet: Fleet;
let target: HttpTarget;

beforeAll(async () => {
  [fleet, target] = await Promise.all([Fleet.start(), startHttpTarget(({ path }) => answers(path))]);
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), target.close()]);
}, 60_000);

/** `/500` fails at once, `/slow` answers late; anything else is fine. */
const answers = (path: string) => {
  if (path.startsWith('/500')) return { status: 500 };
  return path.startsWith('/slow') ? { delayMs: 1000, body: 'late' } : { body: 'fine' };
};

interface Told {
  events: WireEvent[];
  finished: Record<string, unknown>;
}

/** Runs a workflow in both modes and checks that stream, body, detail and log agree. */
async function tell(file: string, inputs: object = {}): Promise<Told> {
  const client = new Client(fleet.url(), (await fleet.publish(file)).apiKey);
  const { status, body } = await client.blocking(inputs);
  const run = await client.stream(inputs);
  const events = await collect(run);
  checkStream(events);
  const finished = events.at(-1)?.data ?? {};
  const same = ({ status, outputs, error, total_steps, exceptions_count }: Record<string, unknown>) => ({
    status,
    outputs,
    error,
    total_steps,
    exceptions_count,
  });
  expect(status).toBe(200);
  expect(same({ exceptions_count: finished['exceptions_count'], ...body.data })).toEqual(same(finished));
  const detail = await client.detail(run.runId);
  expect(same({ exceptions_count: finished['exceptions_count'], ...detail })).toEqual(same(finished));
  const log = (await (await client.request('GET', 'workflows/logs')).json()) as {
    data: { workflow_run: Record<string, unknown> }[];
  };
  expect(log.data.map(({ workflow_run }) => workflow_run)).toContainEqual(
    expect.objectContaining({
      id: run.runId,
      status: finished['status'],
      error: finished['error'],
      exceptions_count: finished['exceptions_count'],
    }),
  );
  return { events, finished };
}

const dataOf = (events: WireEvent[], event: string, id: string) =>
  events.filter((each) => each.event === event && each.data['node_id'] === id).map(({ data }) => data);

const retry = (times: number) => ({
  retry_config: { retry_enabled: true, max_retries: times, retry_interval: 10 },
});
const failBranch = { error_strategy: 'fail-branch' };

it('shows every retry of a node under one execution id, then fails the run', async () => {
  const { events, finished } = await tell(
    workflowFile({ nodes: [start(), http('call', `${target.url}/500`, retry(2)), end({ r: ['call', 'body'] })] }),
  );
  const retries = dataOf(events, 'node_retry', 'call');
  expect(retries.map(({ retry_index, status, error }) => [retry_index, status, error])).toEqual([
    [1, 'retry', 'Request failed with status code 500'],
    [2, 'retry', 'Request failed with status code 500'],
  ]);
  expect(dataOf(events, 'node_started', 'call')).toHaveLength(1);
  const [last] = dataOf(events, 'node_finished', 'call');
  expect(last).toMatchObject({ status: 'failed', outputs: null, error: 'Request failed with status code 500' });
  expect(new Set([...retries, last].map((data) => data?.['id'])).size).toBe(1);
  expect(finished).toMatchObject({
    status: 'failed',
    error: 'Request failed with status code 500',
    exceptions_count: 3,
  });
});

it('goes on with default values, converted as declared', async () => {
  const { events, finished } = await tell(
    workflowFile({
      nodes: [
        start(),
        http('call', `${target.url}/500`, {
          error_strategy: 'default-value',
          default_value: [
            { key: 'status_code', type: 'number', value: '5' },
            { key: 'body', type: 'string', value: 'none' },
            { key: 'headers', type: 'object', value: '{"a": [1]}' },
          ],
        }),
        template('t', '{{ code }} {{ body }} {{ headers }} {{ kind }}', {
          code: ['call', 'status_code'],
          body: ['call', 'body'],
          headers: ['call', 'headers'],
          kind: ['call', 'error_type'],
        }),
        end({ text: ['t', 'output'] }),
      ],
    }),
  );
  expect(dataOf(events, 'node_finished', 'call')).toMatchObject([
    { status: 'exception', execution_metadata: { error_strategy: 'default-value' } },
  ]);
  expect(finished).toMatchObject({
    status: 'partial-succeeded',
    error: null,
    outputs: { text: "5.0 none {'a': [1]} HTTPResponseCodeError" },
    exceptions_count: 1,
  });
});

it('takes fail branches in parallel, also of nodes whose editor offers none; outputs of a failed node are null', async () => {
  const { events, finished } = await tell(
    workflowFile({
      nodes: [
        start(),
        http('one', `${target.url}/500/1`, failBranch),
        template('two', '{{ 1 / 0 }}'),
        ifElse('three', [{ conditions: [{ selector: ['nobody', 'x'], operator: 'is', value: 'x' }] }]),
        end({ message: ['one', 'error_message'], body: ['one', 'body'] }, 'end1'),
        end({ problem: ['two', 'error_message'], type: ['two', 'error_type'], output: ['two', 'output'] }, 'end2'),
        end({ missing: ['three', 'error_message'] }, 'end3'),
        end({ never: ['one', 'body'] }, 'end4'),
      ].map((node) => (['two', 'three'].includes(node.id) ? { ...node, data: { ...node.data, ...failBranch } } : node)),
      edges: [
        ['start', 'one'],
        ['start', 'two'],
        ['start', 'three'],
        ['one', 'end1', 'fail-branch'],
        ['one', 'end4'],
        ['two', 'end2', 'fail-branch'],
        ['two', 'end4'],
        ['three', 'end3', 'fail-branch'],
        ['three', 'end4', 'true'],
      ],
    }),
  );
  expect(dataOf(events, 'node_started', 'end4')).toEqual([]);
  expect(finished).toMatchObject({
    status: 'partial-succeeded',
    exceptions_count: 3,
    outputs: {
      message: 'Request failed with status code 500',
      body: null,
      problem: 'division by zero',
      type: '',
      output: null,
      missing: "Variable ['nobody', 'x'] not found",
    },
  });
});

it('fails while others run: they are recorded as failed, and what was queued never starts', async () => {
  const { events, finished } = await tell(
    workflowFile({
      nodes: [
        start(),
        http('slow', `${target.url}/slow`),
        template('pause', '{{ 1 }}'),
        template('bad', '{{ nope.x }}'),
        template('after', 'x'),
        end({ r: ['after', 'output'] }),
      ],
      edges: [
        ['start', 'slow'],
        ['start', 'pause'],
        ['pause', 'bad'],
        ['slow', 'after'],
        ['bad', 'after'],
        ['after', 'end'],
      ],
    }),
  );
  const error = "'nope' is undefined";
  expect(finished).toMatchObject({ status: 'failed', error, exceptions_count: 1 });
  expect(dataOf(events, 'node_finished', 'slow')).toMatchObject([{ status: 'failed', error }]);
  expect(dataOf(events, 'node_started', 'after')).toEqual([]);
});

it('goes on along both edges of an if-else with default values', async () => {
  const check = ifElse('check', [{ conditions: [{ selector: ['nobody', 'x'], operator: 'is', value: 'x' }] }]);
  const { finished } = await tell(
    workflowFile({
      nodes: [
        start(),
        {
          ...check,
          data: {
            ...check.data,
            error_strategy: 'default-value',
            default_value: [{ key: 'result', type: 'string', value: 'unknown' }],
          },
        },
        end({ first: ['check', 'result'] }, 'end1'),
        end({ second: ['check', 'error_type'] }, 'end2'),
      ],
      edges: [
        ['start', 'check'],
        ['check', 'end1', 'true'],
        ['check', 'end2', 'false'],
      ],
    }),
  );
  expect(finished).toMatchObject({ status: 'partial-succeeded', outputs: { first: 'unknown', second: '' } });
});
