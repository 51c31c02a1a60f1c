import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { showRun } from '../follow/follow.js';
import { addAssignment, type Assignment } from '../inputs/assignments.js';
import { fileInputs } from '../inputs/files.js';
import { objectOf, typedInputs } from '../inputs/typed-inputs.js';
import { say } from '../say.js';
import { readWorkflow } from './import.js';

interface RunOptions {
  input?: Assignment[];
  file?: Assignment[];
  inputsJson?: string;
  user: string;
  key?: string;
  traceId?: string;
  detach?: boolean;
  stopOnInterrupt?: boolean;
}

/** `millrace run APP|FILE`. */
export function addRun(program: Command, context: Context): void {
  program
    .command('run')
    .argument('[app]', 'app by id or name, or a workflow file (.yml); may be left out when a key is given')
    .description('run a workflow and follow it to its end')
    .option('-i, --input <name=value>', 'an input, converted to its type; may be repeated', addAssignment)
    .option('-f, --file <name=path>', 'a file input: uploaded, or an https:// address; may be repeated', addAssignment)
    .option('--inputs-json <json>', "all inputs as a JSON object; '@path' reads a file, '-' standard input")
    .option('--user <user>', 'on whose behalf', 'millrace-cli')
    .option('--key <key>', 'API key of the app (MILLRACE_API_KEY); otherwise the admin key finds one')
    .option(
      '--trace-id <id>',
      'trace id of the run: 32 hex digits or a UUID is the OpenTelemetry trace id',
      parseTraceId,
    )
    .option('-d, --detach', 'print the ids of the run and do not follow it')
    .option('--stop-on-interrupt', 'Ctrl-C stops the run instead of leaving it')
    .addHelpText(
      'after',
      `
Standard output gets the outputs, or with --json every event on a line; all else goes to standard error.
A file is imported as the app "run: <file name>", over the one of an earlier run, and published.
Ctrl-C leaves the run to itself and says how to follow or stop it.

Examples:
  $ millrace run "Announce a release" -i product=Millrace -i version=0.1 -i highlights="One job per node"
  $ millrace run translate.yml -i text="Guten Tag" -i language=English
  $ millrace run "Ask a document" -i question="What is it about?" -f document=report.pdf
  $ millrace run --key app-… --inputs-json @inputs.json --json | jq -r .event`,
    )
    .action(async (named: string | undefined, options: RunOptions) => {
      const base = options.inputsJson === undefined ? {} : await readInputs(options.inputsJson);
      const key = await keyToRun(context, named, options);
      const watching = new AbortController();
      const api = context.service(key, watching.signal);
      const { input = [], file = [], user } = options;
      const form = input.length + file.length > 0 ? await api.form() : [];
      const inputs = { ...base, ...typedInputs(form, input), ...(await fileInputs(api, form, file, user)) };
      const trace = options.traceId === undefined ? {} : { trace_id: options.traceId };
      const { runId, taskId, traceId, answer } = await api.run(inputs, user, trace);
      if (options.detach) {
        await answer.body?.cancel();
        const ids = { workflow_run_id: runId, task_id: taskId, trace_id: traceId };
        return context.print(ids, () => [`run ${runId}`, `follow it:  millrace tail ${runId}`]);
      }
      if (context.json) say(`run ${runId}`);
      await showRun({
        runId,
        first: answer,
        open: (after) => api.follow(runId, user, after),
        json: context.json,
        watching,
        ...(options.stopOnInterrupt ? { stopOnInterrupt: () => api.stop(taskId, user) } : {}),
      });
    });
}

/** What the server would pass over. */
function parseTraceId(text: string): string {
  if (/^[\w-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 128 letters, digits, "-" or "_".');
}

async function readInputs(source: string): Promise<Record<string, unknown>> {
  if (source === '-') return objectOf('Standard input', await readAll(process.stdin));
  if (!source.startsWith('@')) return objectOf('--inputs-json', source);
  return objectOf(source.slice(1), await readWorkflow(source.slice(1)));
}

const isWorkflowFile = (named: string): boolean =>
  /\.ya?ml$/i.test(named) || (named.includes('/') && existsSync(named));

async function keyToRun(context: Context, named: string | undefined, options: RunOptions): Promise<string> {
  const given = context.givenKey(options.key);
  if (named !== undefined && isWorkflowFile(named)) return keyOfFile(context, named);
  if (given !== undefined) return given;
  if (named === undefined) throw new CliError(exitCodes.usage, 'Name an app, or give its key with --key.');
  return context.keyOf((await context.app(named)).id);
}

/** Imports the file over the app of its last run, or as a new one; answers a key of it. */
async function keyOfFile(context: Context, file: string): Promise<string> {
  const yaml = await readWorkflow(file);
  const api = await context.console();
  const name = `run: ${basename(file)}`;
  const known = (await api.listApps()).find((app) => app.name === name);
  const result = await api.importApp(yaml, { name, ...(known ? { appId: known.id } : {}) });
  for (const warning of result.warnings) say(warning);
  const appId = result.app_id;
  if (!appId) throw new CliError(exitCodes.failed, `${file} was not imported: ${result.error || result.status}`);
  await api.publish(appId);
  const [key] = await api.listKeys(appId);
  return (key ?? (await api.createKey(appId))).token;
}
