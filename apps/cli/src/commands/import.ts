import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ConsoleApi } from '../api/console-api.js';
import type { Context } from '../context.js';
import { CliError, exitCodes, usageError } from '../exit-codes.js';
import type { Paint } from '../output.js';
import { safe } from '../output.js';
import { reasonOf } from '../say.js';

interface ImportOptions {
  name?: string;
  app?: string;
  publish?: boolean;
  key?: boolean;
  enable?: boolean;
}

/** What became of a file; one line of `--json`. */
export interface ImportReport {
  file: string;
  status: 'completed' | 'completed-with-warnings' | 'failed';
  appId: string | null;
  warnings: string[];
  /** Node types of the file that can't run yet. */
  unimplemented: string[];
  published: boolean;
  apiKey?: string;
  error: string | null;
}

/** `millrace import FILE…`. */
export function addImport(program: Command, context: Context): void {
  program
    .command('import')
    .argument('<file...>', 'workflow files as the editor exports them (.yml)')
    .description('import workflow files, and say what in them cannot run')
    .option('--publish', 'publish the draft, so that it can be run')
    .option('--key', 'create an API key for the app and show it')
    .option('--enable', 'switch the API of the app on')
    .option('--name <name>', 'name of the app instead of the one in the file')
    .option('--app <app>', 'overwrite the draft of this app (id or name); its keys stay')
    .addHelpText(
      'after',
      `
Each file becomes a new app unless --app names one. A file that fails does not keep the others from being imported;
the exit code is 1 then.

Examples:
  $ millrace import translate.yml --publish --key
  $ millrace import translate.yml --app Translate --publish
  $ millrace import flows/*.yml --json | jq -r 'select(.unimplemented != []) | .file'`,
    )
    .action(async (files: string[], options: ImportOptions) => {
      if (files.length > 1 && (options.app ?? options.name) !== undefined) {
        throw usageError('--app and --name go with one file.');
      }
      const texts = await Promise.all(files.map(readWorkflow));
      const api = await context.console();
      const appId = options.app === undefined ? undefined : (await context.app(options.app)).id;
      let failures = 0;
      for (const [at, file] of files.entries()) {
        const report = await importFile(api, file, texts[at] ?? '', {
          ...options,
          ...(appId === undefined ? {} : { appId }),
        });
        if (report.error !== null) failures += 1;
        context.print(report, () => importLines(report, context.paint));
      }
      if (failures > 0) process.exitCode = exitCodes.failed;
    });
}

/** @throws CliError (usage) when the file can't be read */
export async function readWorkflow(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw usageError(`${file} can't be read: ${reasonOf(error)}`);
  }
}

type FileOptions = Omit<ImportOptions, 'app'> & { appId?: string };

/** Imports one file; what the server says of the file is the report, what else goes wrong is thrown. */
async function importFile(api: ConsoleApi, file: string, yaml: string, options: FileOptions): Promise<ImportReport> {
  const { name, appId: over, publish, key, enable } = options;
  const result = await api.importApp(yaml, {
    ...(name === undefined ? {} : { name }),
    ...(over === undefined ? {} : { appId: over }),
  });
  const appId = result.app_id ?? null;
  const report: ImportReport = {
    file,
    status: result.status === 'pending' ? 'failed' : result.status,
    appId,
    warnings: warningsOf(result),
    unimplemented: unimplementedTypes(result.warnings),
    published: false,
    error: appId === null ? result.error || result.status : null,
  };
  if (appId === null) return report;
  try {
    if (publish) await api.publish(appId);
    if (enable) await api.enableApi(appId);
    const created = key ? await api.createKey(appId) : undefined;
    return { ...report, published: publish === true, ...(created ? { apiKey: created.token } : {}) };
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === exitCodes.unavailable) throw error;
    return { ...report, error: error.message };
  }
}

/** An older version of the format is a warning of its own when the file is otherwise fine. */
function warningsOf(result: Awaited<ReturnType<ConsoleApi['importApp']>>): string[] {
  const { status, warnings, imported_dsl_version: version, current_dsl_version: current } = result;
  if (status !== 'completed-with-warnings' || warnings.length > 0) return warnings;
  return [`The file is of version ${version}, older than ${current}.`];
}

/** The node types that an import warns of. */
export const unimplementedTypes = (warnings: readonly string[]): string[] =>
  warnings.flatMap((warning) => /^Node type '(.+)' is not supported yet/.exec(warning)?.[1] ?? []);

/** The report of a file, for people. */
export function importLines(report: ImportReport, paint: Paint): string[] {
  const { file, appId, warnings, published, apiKey, error } = report;
  const mark = error !== null ? paint('red', '✗') : warnings.length > 0 ? paint('yellow', '!') : paint('green', '✓');
  const facts = [...(appId === null ? [] : [`app ${appId}`]), ...(published ? ['published'] : [])];
  return [
    `${mark} ${[file, ...facts].join('  ')}`,
    ...(apiKey === undefined ? [] : [`  key ${apiKey}`]),
    ...warnings.map((warning) => `  ${paint('yellow', safe(warning))}`),
    ...(error === null ? [] : [`  ${paint('red', safe(error))}`]),
  ];
}
