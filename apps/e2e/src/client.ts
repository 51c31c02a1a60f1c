/** A small client of the Service API that shows what is on the wire. */
export interface WireEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
  /** The whole JSON. */
  raw: Record<string, unknown>;
}

export interface Run {
  headers: Headers;
  runId: string;
  taskId: string;
  /** Events as they come; the generator ends with the connection. */
  events: AsyncGenerator<WireEvent>;
  abort(): void;
}

export class Client {
  constructor(
    readonly url: string,
    readonly apiKey: string,
    readonly user = 'e2e',
  ) {}

  request(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    return fetch(`${this.url}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json', ...options.headers },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  }

  async blocking(inputs: object): Promise<{ status: number; body: BlockingBody }> {
    const response = await this.request('POST', 'workflows/run', {
      body: { inputs, user: this.user, response_mode: 'blocking' },
    });
    return { status: response.status, body: (await response.json()) as BlockingBody };
  }

  async stream(inputs: object, headers: Record<string, string> = {}): Promise<Run> {
    return this.follow('POST', 'workflows/run', {
      body: { inputs, user: this.user, response_mode: 'streaming' },
      headers,
    });
  }

  /** Attaches to a run, after an event when `lastEventId` is given. */
  async attach(runId: string, lastEventId?: string, query = ''): Promise<Run> {
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return this.follow('GET', `workflow/${runId}/events?user=${this.user}${query}`, { headers });
  }

  stop(taskId: string, user = this.user): Promise<Response> {
    return this.request('POST', `workflows/tasks/${taskId}/stop`, { body: { user } });
  }

  async detail(runId: string): Promise<Record<string, unknown>> {
    const response = await this.request('GET', `workflows/run/${runId}`);
    return (await response.json()) as Record<string, unknown>;
  }

  private async follow(
    method: string,
    path: string,
    options: { body?: unknown; headers: Record<string, string> },
  ): Promise<Run> {
    const controller = new AbortController();
    const response = await this.request(method, path, { ...options, signal: controller.signal });
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return {
      headers: response.headers,
      runId: response.headers.get('x-workflow-run-id') ?? '',
      taskId: response.headers.get('x-task-id') ?? '',
      events: parseEvents(response),
      abort: () => {
        controller.abort();
      },
    };
  }
}

export interface BlockingBody {
  task_id: string;
  workflow_run_id: string;
  code?: string;
  message?: string;
  data: {
    status: string;
    outputs: Record<string, unknown>;
    error: string | null;
    total_steps: number;
    total_tokens: number;
  };
}

/**
 * Reads SSE frames; pings are left out. A connection that breaks ends the events. Keeps the response itself: `fetch`
 * cancels an unread body whose response has been collected.
 */
async function* parseEvents(response: Response): AsyncGenerator<WireEvent> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data === undefined) continue;
        const raw = JSON.parse(data) as Record<string, unknown>;
        yield {
          id: /^id: (.*)$/m.exec(frame)?.[1] ?? '',
          event: String(raw['event']),
          data: raw['data'] as Record<string, unknown>,
          raw,
        };
      }
    }
  } catch (error) {
    // The other side went away, which is what some tests are about; they look at what came before.
    if (!['TypeError', 'AbortError'].includes((error as Error).name)) throw error;
  }
}

export async function collect(run: Run): Promise<WireEvent[]> {
  const events: WireEvent[] = [];
  for await (const event of run.events) events.push(event);
  return events;
}

/** Asserts what every complete stream promises: contiguous ids within an epoch, one terminal event, at the end. */
export function checkStream(events: WireEvent[]): void {
  const terminal = events.filter(({ event }) => event === 'workflow_finished');
  if (terminal.length !== 1 || events.at(-1) !== terminal[0]) throw new Error(`terminal events: ${terminal.length}`);
  let previous: [number, number] | undefined;
  for (const { id } of events) {
    const [epoch = 0, seq = 0] = id.split('-').map(Number);
    if (previous && previous[0] === epoch && seq !== previous[1] + 1) throw new Error(`gap before event ${id}`);
    if (previous && epoch < previous[0]) throw new Error(`epoch went back at event ${id}`);
    previous = [epoch, seq];
  }
}
