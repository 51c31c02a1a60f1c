import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuid } from '@millrace/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import { createConsoleApi, type ConsoleApi } from './api/console-api.js';
import { parseJson } from './api/reach.js';
import { createServiceApi, type ServiceApi } from './api/service-api.js';
import type { App } from './api/shapes.js';
import { clientEnv } from './env.js';
import { CliError, exitCodes, usageError } from './exit-codes.js';
import { paintFor, printJson, printLines, widthOf, type Paint } from './output.js';

interface GlobalOptions {
  json?: boolean;
  tenant?: string;
  url?: string;
}

/** What every command works with: the server, the output, and who asks. */
export class Context {
  constructor(private readonly program: Command) {}

  private get options(): GlobalOptions {
    return this.program.opts<GlobalOptions>();
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** Colours of standard output. */
  readonly paint: Paint = paintFor(process.stdout);
  readonly width = widthOf(process.stdout);

  get url(): string {
    return this.options.url ?? clientEnv().MILLRACE_URL ?? 'http://127.0.0.1:8080';
  }

  /** One JSON value for machines, or lines for people. */
  print(value: unknown, lines: () => readonly string[]): void {
    if (this.json) printJson(value);
    else printLines(lines());
  }

  /** @throws CliError (usage) when no admin key is known */
  async console(): Promise<ConsoleApi> {
    const key = await this.adminKey();
    if (key !== undefined) return createConsoleApi(this.url, key, this.options.tenant);
    throw usageError(
      'MILLRACE_ADMIN_KEY is not set. It is the admin key of the server ("npm start" prints it in its ready line) or the console key of a tenant.',
    );
  }

  /** From the environment; for the server of `npm start` on this machine also from its data directory. */
  private async adminKey(): Promise<string | undefined> {
    const env = clientEnv();
    if (env.MILLRACE_ADMIN_KEY !== undefined) return env.MILLRACE_ADMIN_KEY;
    if (this.options.url !== undefined || env.MILLRACE_URL !== undefined) return undefined;
    const kept = await readFile(join(env.MILLRACE_DATA_DIR, 'keys.json'), 'utf8').catch((error: unknown) => {
      if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
      throw error;
    });
    return z.looseObject({ adminKey: z.string() }).safeParse(parseJson(kept)).data?.adminKey;
  }

  service(key: string, signal?: AbortSignal): ServiceApi {
    return createServiceApi(this.url, key, signal);
  }

  /** The app key given by option or environment. */
  givenKey(option: string | undefined): string | undefined {
    return option ?? clientEnv().MILLRACE_API_KEY;
  }

  /**
   * An app by its id or its name.
   * @throws CliError (refused) when there is none, or several of the name
   */
  async app(named: string): Promise<App> {
    const apps = await (await this.console()).listApps();
    const found = apps.filter(({ id, name }) => (isUuid(named) ? id === named.toLowerCase() : name === named));
    const [app] = found;
    if (!app) throw new CliError(exitCodes.refused, `There is no app ${named}; "millrace apps" lists them.`);
    if (found.length === 1) return app;
    const ids = found.map(({ id }) => id).join(', ');
    throw new CliError(exitCodes.refused, `${found.length} apps are named ${named}. Name one by its id: ${ids}`);
  }

  /** A key of an app. @throws CliError (refused) when it has none */
  async keyOf(appId: string): Promise<string> {
    const [key] = await (await this.console()).listKeys(appId);
    if (key) return key.token;
    throw new CliError(
      exitCodes.refused,
      `App ${appId} has no API key. Make one with "millrace key create ${appId}", or name one with --key.`,
    );
  }
}
