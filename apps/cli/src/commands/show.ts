import type { Command } from 'commander';
import type { NodeExecution } from '../api/shapes.js';
import type { Context } from '../context.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { nodeReport, runReport } from '../render/run-report.js';

/** `millrace show RUN`. */
export function addShow(program: Command, context: Context): void {
  program
    .command('show')
    .argument('<run>', 'run id or trace id')
    .description('show a run: its nodes on a time line, inputs, outputs, errors, tokens and price')
    .option('--node <node>', 'what went into this node and came out (id or title)')
    .option('--full', 'values as they are instead of one line each')
    .addHelpText(
      'after',
      `
A value that does not fit on its line ends with "…"; --full and --json show all of it.

Examples:
  $ millrace show 0198b2c4-5f60-7d3a-9c1e-2b8a4f6d7e90
  $ millrace show 4bf92f3577b34da6a3ce929d0e0e4736 --node Translate --full
  $ millrace show 0198b2c4-5f60-7d3a-9c1e-2b8a4f6d7e90 --json | jq '.nodes[].elapsed_time'`,
    )
    .action(async (named: string, { node, full = false }: { node?: string; full?: boolean }) => {
      const api = await context.console();
      const run = await findRun(api, named);
      const nodes = await api.nodeExecutions(run.app_id, run.id);
      const options = { width: context.width, nowMs: Date.now(), paint: context.paint, full };
      if (node === undefined) return context.print({ run, nodes }, () => runReport(run, nodes, options));
      const wanted = nodesNamed(nodes, node);
      context.print({ run, nodes: wanted }, () => wanted.flatMap((each) => nodeReport(each, options)));
    });
}

function nodesNamed(nodes: readonly NodeExecution[], named: string): NodeExecution[] {
  const found = nodes.filter(({ id, node_id: nodeId, title }) => [id, nodeId, title].includes(named));
  if (found.length > 0) return found;
  const titles = [...new Set(nodes.map(({ title }) => title))].join(', ');
  throw new CliError(exitCodes.refused, `No node ${named} ran. These did: ${titles || 'none'}.`);
}
