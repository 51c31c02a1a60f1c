import { stringify } from 'yaml';

/** Selector such as `['start', 'name']`. */
export type Selector = readonly string[];

/** A node as `workflowFile` takes it: its id and the `data` of the file. */
export interface NodeDraft {
  id: string;
  data: { type: string; title: string } & Record<string, unknown>;
}

/** `[source, target]` or `[source, target, handle]`; the handle is `source` by default. */
export type EdgeDraft = readonly [source: string, target: string, handle?: string];

export interface WorkflowDraft {
  name?: string;
  nodes: NodeDraft[];
  /** Default: the nodes one after the other. */
  edges?: EdgeDraft[];
  environmentVariables?: { name: string; value: unknown; value_type: string }[];
  features?: Record<string, unknown>;
}

/** The text of a workflow file as the editor exports it (version 0.3.0). */
export function workflowFile(draft: WorkflowDraft): string {
  const edges = draft.edges ?? chain(...draft.nodes.map((node) => node.id));
  const typeOf = (id: string) => draft.nodes.find((node) => node.id === id)?.data.type ?? '';
  return stringify({
    app: {
      description: '',
      icon: '🤖',
      icon_background: '#FFEAD5',
      mode: 'workflow',
      name: draft.name ?? 'Test workflow',
      use_icon_as_answer_icon: false,
    },
    dependencies: [],
    kind: 'app',
    version: '0.3.0',
    workflow: {
      conversation_variables: [],
      environment_variables: (draft.environmentVariables ?? []).map((variable) => ({
        description: '',
        id: `env-${variable.name}`,
        selector: ['env', variable.name],
        ...variable,
      })),
      features: draft.features ?? {},
      graph: {
        edges: edges.map(([source, target, sourceHandle = 'source']) => ({
          data: { isInIteration: false, isInLoop: false, sourceType: typeOf(source), targetType: typeOf(target) },
          id: `${source}-${sourceHandle}-${target}-target`,
          source,
          sourceHandle,
          target,
          targetHandle: 'target',
          type: 'custom',
          zIndex: 0,
        })),
        nodes: draft.nodes.map(({ id, data }, index) => ({
          data: { desc: '', selected: false, ...data },
          height: 90,
          id,
          position: { x: 80 + 300 * index, y: 280 },
          positionAbsolute: { x: 80 + 300 * index, y: 280 },
          selected: false,
          sourcePosition: 'right',
          targetPosition: 'left',
          type: 'custom',
          width: 244,
        })),
        viewport: { x: 0, y: 0, zoom: 1 },
      },
    },
  });
}

/** Edges that lead through the given nodes in order. */
export function chain(...ids: string[]): EdgeDraft[] {
  return ids.slice(1).map((target, index) => [ids[index] ?? '', target]);
}

export interface StartVariable {
  variable: string;
  /** Default `text-input`. */
  type?: string;
  /** Default false. */
  required?: boolean;
  [key: string]: unknown;
}

export function start(variables: StartVariable[] = [], id = 'start'): NodeDraft {
  const filled = variables.map((variable) => ({
    label: variable.variable,
    options: [],
    required: false,
    type: 'text-input',
    ...variable,
  }));
  return { id, data: { type: 'start', title: 'Start', variables: filled } };
}

/** @param outputs output name → selector */
export function end(outputs: Record<string, Selector>, id = 'end'): NodeDraft {
  const list = Object.entries(outputs).map(([variable, selector]) => ({
    value_selector: [...selector],
    value_type: 'string',
    variable,
  }));
  return { id, data: { type: 'end', title: 'End', outputs: list } };
}

/** @param variables name in the template → selector */
export function template(id: string, text: string, variables: Record<string, Selector> = {}): NodeDraft {
  const list = Object.entries(variables).map(([variable, selector]) => ({ value_selector: [...selector], variable }));
  return { id, data: { type: 'template-transform', title: id, template: text, variables: list } };
}

/**
 * A Python node; `more` is laid over its data.
 * @param variables parameter of `main` → selector
 * @param outputs name → declared type
 */
export function code(
  id: string,
  source: string,
  variables: Record<string, Selector>,
  outputs: Record<string, string>,
  more: Record<string, unknown> = {},
): NodeDraft {
  const list = Object.entries(variables).map(([variable, selector]) => ({ value_selector: [...selector], variable }));
  const declared = Object.entries(outputs).map(([name, type]) => [name, { type, children: null }] as const);
  return {
    id,
    data: {
      type: 'code',
      title: id,
      code: source,
      code_language: 'python3',
      outputs: Object.fromEntries(declared),
      variables: list,
      ...more,
    },
  };
}

/** An HTTP node without retries; `more` is laid over its data. */
export function http(id: string, url: string, more: Record<string, unknown> = {}): NodeDraft {
  return {
    id,
    data: {
      type: 'http-request',
      title: id,
      authorization: { config: null, type: 'no-auth' },
      body: { data: [], type: 'none' },
      headers: '',
      method: 'get',
      params: '',
      retry_config: { max_retries: 3, retry_enabled: false, retry_interval: 100 },
      timeout: { max_connect_timeout: 0, max_read_timeout: 0, max_write_timeout: 0 },
      url,
      variables: [],
      ...more,
    },
  };
}

/** A chat model node with one user message; `more` is laid over its data. */
export function llm(id: string, prompt: string, more: Record<string, unknown> = {}): NodeDraft {
  return {
    id,
    data: {
      type: 'llm',
      title: id,
      context: { enabled: false, variable_selector: [] },
      model: {
        completion_params: { temperature: 0.2 },
        mode: 'chat',
        name: 'test-model',
        provider: 'langgenius/openai/openai',
      },
      prompt_template: [{ id: `${id}-user`, role: 'user', text: prompt }],
      variables: [],
      vision: { enabled: false },
      ...more,
    },
  };
}

export interface Condition {
  selector: Selector;
  /** Such as `contains`, `is`, `≥`, `empty`. */
  operator: string;
  value?: unknown;
}

export interface Case {
  /** Handle of the branch. Default: `true` for the first, `case-2`, … for the others. */
  id?: string;
  /** Default `and`. */
  combine?: 'and' | 'or';
  conditions: Condition[];
}

/** An if-else node; its last branch has the handle `false`. */
export function ifElse(id: string, cases: Case[]): NodeDraft {
  const list = cases.map((one, index) => {
    const caseId = one.id ?? (index === 0 ? 'true' : `case-${index + 1}`);
    return {
      case_id: caseId,
      conditions: one.conditions.map(({ selector, operator, value = '' }, number) => ({
        comparison_operator: operator,
        id: `${id}-${index}-${number}`,
        value,
        varType: 'string',
        variable_selector: [...selector],
      })),
      id: caseId,
      logical_operator: one.combine ?? 'and',
    };
  });
  return { id, data: { type: 'if-else', title: id, cases: list } };
}

/** A variable aggregator without groups. */
export function aggregator(id: string, selectors: Selector[]): NodeDraft {
  const variables = selectors.map((selector) => [...selector]);
  return { id, data: { type: 'variable-aggregator', title: id, output_type: 'string', variables } };
}
