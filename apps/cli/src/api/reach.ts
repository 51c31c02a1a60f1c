import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { CliError, exitCodeOf, exitCodes } from '../exit-codes.js';

/** An answer other than success, with the code and the words of its body. */
export class ApiRefusal extends CliError {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    message: string,
  ) {
    super(exitCodeOf(status, code), message);
    this.name = 'ApiRefusal';
  }
}

/** Further attempts at a question that a busy server (429, 503) puts off. Only questions: what changes something is not repeated. */
const patience = 3;

/**
 * `fetch` that names the address when nobody answers there, and asks a busy server again as it says (`Retry-After`, at
 * most five seconds).
 * @throws CliError
 */
export async function reach(url: URL, init: RequestInit): Promise<Response> {
  for (let left = init.method === undefined || init.method === 'GET' ? patience : 0; ; left -= 1) {
    const answer = await attempt(url, init);
    if (left === 0 || (answer.status !== 503 && answer.status !== 429)) return answer;
    await answer.body?.cancel();
    const seconds = Number(answer.headers.get('retry-after') ?? 1);
    await pause(Math.min(Number.isFinite(seconds) ? seconds * 1000 : 1000, 5000));
  }
}

async function attempt(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new CliError(
      exitCodes.unavailable,
      `Nothing answers at ${url.origin} (MILLRACE_URL or --url; "npm start" starts a server)`,
      { cause },
    );
  }
}

/** The answer if it is a success. @param key where the key that was sent comes from @throws ApiRefusal */
export async function successOf(answer: Response, key: string): Promise<Response> {
  if (answer.ok) return answer;
  const { code, message } = errorBody.safeParse(parseJson(await answer.text())).data ?? {};
  const said = message || `The server answered ${answer.status}.`;
  throw new ApiRefusal(answer.status, code, `${said}${hintOf(answer.status, code, key)}`);
}

function hintOf(status: number, code: string | undefined, key: string): string {
  if (status === 401) return ` (${key})`;
  return code === 'provider_not_initialize' ? ' From here: "millrace provider set".' : '';
}

/** An answer in the shape that the server gives it. @throws CliError when it has another: something else answers there */
export function understood<S extends z.ZodType>(shape: S, answer: unknown): z.infer<S> {
  const result = shape.safeParse(answer);
  if (result.success) return result.data;
  throw otherServer();
}

export const otherServer = (): CliError =>
  new CliError(exitCodes.refused, 'What answers there is no Millrace server: look at MILLRACE_URL or --url.');

const errorBody = z.looseObject({ code: z.string().optional(), message: z.string().optional() });

/** `undefined` for what is no JSON, such as an empty body: the status has to do. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
