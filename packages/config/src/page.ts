import { z } from 'zod';
import type { EnvSlice } from './env.js';
import { formOf } from './values.js';

/** What is known of one variable of a slice. */
export interface Variable {
  name: string;
  type: string;
  /** As an operator would write it; absent: there is none. */
  default?: string;
  required: boolean;
  meaning: string;
}

/** The variables of a slice. @throws when one has no description */
export function variablesOf(slice: EnvSlice): Variable[] {
  return Object.entries(slice).map(([name, schema]) => {
    const { type, write } = formOf(schema);
    const { def } = schema._zod;
    const value = 'defaultValue' in def ? def.defaultValue : undefined;
    const meaning = descriptionOf(schema);
    if (meaning === undefined) throw new Error(`${name} has no description.`);
    const text = value === undefined ? {} : { default: write(value as never) };
    return { name, type, ...text, required: !schema.safeParse(undefined).success, meaning };
  });
}

function descriptionOf(schema: z.core.$ZodType): string | undefined {
  if (schema instanceof z.ZodType && schema.description !== undefined) return schema.description;
  const inner = 'innerType' in schema._zod.def ? schema._zod.def.innerType : undefined;
  return inner instanceof z.ZodType ? descriptionOf(inner) : undefined;
}

export interface ProcessEnv {
  /** `gateway` */
  process: string;
  slice: EnvSlice;
}

interface Row extends Variable {
  processes: string[];
}

/** One row for each variable, as long as processes mean the same by it. */
function rowsOf(processes: readonly ProcessEnv[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { process, slice } of processes) {
    for (const variable of variablesOf(slice)) {
      const key = JSON.stringify(variable);
      const row = rows.get(key) ?? { ...variable, processes: [] };
      row.processes.push(process);
      rows.set(key, row);
    }
  }
  return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** docs/configuration.md: all variables of all processes, as Markdown. */
export function configurationPage(processes: readonly ProcessEnv[]): string {
  const rows = rowsOf(processes);
  const required = rows.filter((row) => row.required);
  const shared = rows.filter((row) => !row.required && row.processes.length > 1);
  const own = processes.flatMap(({ process }) => {
    const alone = rows.filter((row) => !row.required && row.processes.length === 1 && row.processes[0] === process);
    return alone.length === 0 ? [] : [`## ${process} alone`, table(alone, false)];
  });
  return [
    intro,
    '## Required in production',
    table(required),
    '## Several processes',
    table(shared),
    ...own,
    telemetry,
  ].join('\n\n');
}

const intro = `# Configuration

<!-- Made by scripts/configuration.mjs from the schemas that the processes read; a test fails when it is stale. -->

Every process is configured by its environment only. It reads all of it at the start and names everything that is wrong in one message,
without values. A blank variable counts as unset; a variable that a process does not know is ignored. Secrets and the passwords in addresses never
appear in logs.

Durations are written \`250ms\`, \`10s\`, \`5m\`, \`24h\`, \`7d\` (a bare number: milliseconds), sizes \`512\`, \`64KiB\`, \`10MiB\`, \`1GB\`, lists with commas.
\`millrace doctor\` looks at a set-up and says what to do ([doctor.md](doctor.md)).`;

const telemetry = `## Tracing and metrics export

\`OTEL_EXPORTER_OTLP_ENDPOINT\` turns it on; the other standard \`OTEL_*\` variables of OpenTelemetry are read as its specification says, by gateway, worker
and recorder ([telemetry.md](telemetry.md)).
`;

function table(rows: readonly Row[], withProcesses = true): string {
  const head = ['name', 'type', 'default', 'meaning', ...(withProcesses ? ['processes'] : [])];
  const lines = rows.map((row) => [
    `\`${row.name}\``,
    row.type,
    row.required ? '–' : row.default === undefined ? 'unset' : row.default === '' ? 'none' : `\`${row.default}\``,
    row.meaning,
    ...(withProcesses ? [row.processes.join(', ')] : []),
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.map(escape).join(' | ')} |`).join('\n');
}

const escape = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
