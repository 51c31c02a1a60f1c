import { EnvError } from '@millrace/config';
import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { addApps } from './commands/apps.js';
import { addImport } from './commands/import.js';
import { addKey } from './commands/key.js';
import { addProvider } from './commands/provider.js';
import { addRun } from './commands/run.js';
import { addRuns } from './commands/runs.js';
import { addShow } from './commands/show.js';
import { addStart } from './commands/start.js';
import { addStop } from './commands/stop.js';
import { addTail } from './commands/tail.js';
import { addTenant } from './commands/tenant.js';
import { Context } from './context.js';
import { addDoctor } from './doctor/command.js';
import { CliError, exitCodes } from './exit-codes.js';
import { reasonOf, say } from './say.js';
import { addSecrets } from './secrets/command.js';

const help = `
Settings, from the environment:
  MILLRACE_URL        the server (default: http://127.0.0.1:8080)
  MILLRACE_ADMIN_KEY  its admin key, or a tenant's console key
  MILLRACE_API_KEY    an app's key, for run and tail without the admin key
  NO_COLOR            no colours

Exit codes:
  0 done   1 the run failed or was stopped, a file was not imported   2 usage   3 server not reachable or too busy
  4 the server refuses (key, not found)   130 Ctrl-C

Examples:
  $ millrace start
  $ millrace import my-workflow.yml --publish --key
  $ millrace run "Announce a release" -i product=Millrace -i version=0.1 -i highlights=Fast
  $ millrace runs --status failed --since 1h
  $ source <(millrace completion bash)`;

/** The whole command line. */
export function createProgram(version: string): Command {
  const program = new Command('millrace')
    .description('Works with a Millrace server.')
    .version(version)
    .option('--json', 'machine-readable: one JSON object, or one on each line for streams')
    .option('--url <url>', 'address of the server instead of MILLRACE_URL', parseUrl)
    .option('--tenant <id>', 'act on this tenant instead of the default one')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help says more)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', help)
    .exitOverride();
  const context = new Context(program);
  addStart(program);
  addImport(program, context);
  addApps(program, context);
  addRun(program, context);
  addTail(program, context);
  addStop(program, context);
  addRuns(program, context);
  addShow(program, context);
  addKey(program, context);
  addTenant(program, context);
  addProvider(program, context);
  addDoctor(program);
  addSecrets(program);
  addCompletion(program);
  return program;
}

/** `millrace completion SHELL`, and the hidden command that its scripts ask. */
function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print the completion script of a shell')
    .addHelpText(
      'after',
      `
Examples:
  $ source <(millrace completion bash)
  $ millrace completion zsh > "\${fpath[1]}/_millrace"
  $ millrace completion fish > ~/.config/fish/completions/millrace.fish`,
    );
}

/** Runs the command line; answers nothing, sets the exit code. */
export async function runProgram(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Help and version are what was asked for; commander has printed its errors.
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      return;
    }
    say(reasonOf(error));
    process.exitCode = codeOf(error);
  }
}

function codeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  return error instanceof EnvError ? exitCodes.usage : exitCodes.failed;
}

function parseUrl(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('It must be an http:// or https:// address.');
}
