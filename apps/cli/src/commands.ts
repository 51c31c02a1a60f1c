import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { createConsoleApi, type ConsoleApi } from './console-api.js';
import { addDoctor } from './doctor/command.js';
import { clientEnv } from './env.js';
import { printResult, printRun } from './print.js';
import { say } from './say.js';
import { addSecrets } from './secrets/command.js';
import { createServiceApi } from './service-api.js';

type Inputs = Record<string, unknown>;

/** All commands. They talk to `MILLRACE_URL`; those that administer use `MILLRACE_ADMIN_KEY`. */
export function createCommands(): Command {
  const program = new Command('millrace')
    .description('Works with a Millrace server at MILLRACE_URL (default http://127.0.0.1:8080).')
    .option('--json', 'machine-readable results, one JSON value per line', false)
    .option('--tenant <id>', 'act on this tenant instead of the default one');
  const isJson = () => program.opts<{ json: boolean }>().json;

  const api = (): ConsoleApi => {
    const env = clientEnv();
    if (env.MILLRACE_ADMIN_KEY === undefined) {
      throw new Error('MILLRACE_ADMIN_KEY is not set. "npm start" prints it in its ready line.');
    }
    return createConsoleApi(env.MILLRACE_URL, env.MILLRACE_ADMIN_KEY, program.opts<{ tenant?: string }>().tenant);
  };

  addAppCommands(program, api, isJson);
  addRunCommands(program, isJson);
  addTenantCommands(program, api, isJson);
  addDoctor(program);
  addSecrets(program);
  return program;
}

function addAppCommands(program: Command, api: () => ConsoleApi, isJson: () => boolean): void {
  program
    .command('import <file>')
    .description('import a workflow file, publish it and create an API key')
    .option('--name <name>', 'name of the app instead of the one in the file')
    .option('--app <id>', 'overwrite this app; its keys stay')
    .option('--no-publish', 'leave the workflow a draft')
    .action(async (file: string, options: { name?: string; app?: string; publish: boolean }) => {
      const result = await api().importApp(await readFile(file, 'utf8'), {
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.app === undefined ? {} : { appId: options.app }),
      });
      const appId = result.app_id;
      const { status, warnings, imported_dsl_version: version, current_dsl_version: current } = result;
      if (status === 'completed-with-warnings' && warnings.length === 0) {
        say(`The file is of version ${version}, older than ${current}.`);
      }
      for (const warning of warnings) say(warning);
      if (!appId) throw new Error(`The file was not imported: ${result.error || result.status}`);
      if (options.publish) await api().publish(appId);
      const key = options.app === undefined ? await api().createKey(appId) : undefined;
      const text = [`app ${appId}`, ...(key ? [`key ${key.token}`] : [])].join('\n');
      printResult(isJson(), { appId, status, warnings, ...(key ? { apiKey: key.token } : {}) }, text);
    });

  const key = program.command('key').description('API keys of an app');
  key.command('list <app>').action(async (app: string) => {
    const keys = await api().listKeys(app);
    printResult(isJson(), keys, keys.map(({ id, token }) => `${id} ${token}`).join('\n'));
  });
  key.command('create <app>').action(async (app: string) => {
    const created = await api().createKey(app);
    printResult(isJson(), created, created.token);
  });
  key.command('delete <app> <key>').action(async (app: string, id: string) => {
    await api().deleteKey(app, id);
    printResult(isJson(), { deleted: id }, `deleted ${id}`);
  });
}

function addRunCommands(program: Command, isJson: () => boolean): void {
  const service = (key: string) => createServiceApi(clientEnv().MILLRACE_URL, key);
  const finish = (succeeded: boolean) => {
    if (!succeeded) process.exitCode = 1;
  };

  program
    .command('run')
    .description('run a workflow and follow it to its end')
    .requiredOption('--key <key>', 'API key of the app')
    .option('--inputs <json>', 'inputs as a JSON object', parseObject, {})
    .option('--input <name=value>', 'one text input; may be repeated', addInput, {})
    .option('--user <user>', 'on whose behalf', 'millrace-cli')
    .option('--async', 'only submit', false)
    .action(async (options: { key: string; inputs: Inputs; input: Inputs; user: string; async: boolean }) => {
      const inputs = { ...options.inputs, ...options.input };
      if (!options.async) return finish(await printRun(isJson(), service(options.key).run(inputs, options.user)));
      const submitted = await service(options.key).submit(inputs, options.user);
      printResult(isJson(), submitted, JSON.stringify(submitted, null, 2));
    });

  program
    .command('tail <run>')
    .description('follow a run from its first event')
    .requiredOption('--key <key>', 'API key of the app')
    .option('--user <user>', 'the user of the run', 'millrace-cli')
    .action(async (run: string, options: { key: string; user: string }) => {
      finish(await printRun(isJson(), service(options.key).tail(run, options.user)));
    });
}

function addTenantCommands(program: Command, api: () => ConsoleApi, isJson: () => boolean): void {
  const tenant = program.command('tenant').description('tenants of the installation');
  tenant
    .command('create <name>')
    .option('--limits <json>', 'maxConcurrentRuns, maxQueuedRuns, runsPerMinute, weight', parseObject)
    .action(async (name: string, { limits }: { limits?: Inputs }) => {
      const created = await api().createTenant({ name, ...(limits ? { limits } : {}) });
      printResult(isJson(), created, JSON.stringify(created, null, 2));
    });
  tenant.command('list').action(async () => {
    const tenants = await api().listTenants();
    printResult(isJson(), tenants, JSON.stringify(tenants, null, 2));
  });
}

function parseObject(text: string): Inputs {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Inputs;
  } catch (error) {
    throw new InvalidArgumentError(`It is no JSON: ${(error as Error).message}`);
  }
  throw new InvalidArgumentError('It must be a JSON object.');
}

function addInput(text: string, inputs: Inputs): Inputs {
  const [name = '', ...value] = text.split('=');
  if (name === '' || value.length === 0) throw new InvalidArgumentError('It must have the form name=value.');
  return { ...inputs, [name]: value.join('=') };
}
