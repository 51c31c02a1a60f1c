import type { Value, ValueObject } from '@millrace/contracts';
import { isObject } from './fields.js';

/** What a new trigger of this kind is set to. */
const defaultSchedule: ValueObject = {
  mode: 'visual',
  frequency: 'daily',
  cron_expression: '',
  visual_config: { time: '12:00 AM', on_minute: 0, weekdays: ['sun'], monthly_days: [1] },
  timezone: 'UTC',
};

/** The graph without what belongs to one installation: credentials, hooks, subscriptions, schedules, stored files (dsl 1.15). */
export function exportedGraph(graph: Value): Value {
  if (!isObject(graph) || !Array.isArray(graph['nodes'])) return graph;
  const nodes = graph['nodes'].map((node) =>
    isObject(node) && isObject(node['data']) ? { ...node, data: exportedData(node['data']) } : node,
  );
  return { ...graph, nodes };
}

function exportedData(data: ValueObject): ValueObject {
  switch (data['type']) {
    case 'tool':
      return without(data, 'credential_id');
    case 'agent':
      return 'agent_parameters' in data
        ? { ...data, agent_parameters: withoutCredentials(data['agent_parameters'] ?? null) }
        : data;
    case 'trigger-schedule':
      return { ...data, ...defaultSchedule };
    case 'trigger-webhook':
      return { ...data, webhook_url: '', webhook_debug_url: '' };
    case 'trigger-plugin':
      return { ...data, subscription_id: '' };
    case 'start':
      return Array.isArray(data['variables']) ? { ...data, variables: data['variables'].map(withoutFiles) } : data;
    default:
      return data;
  }
}

function without(mapping: ValueObject, key: string): ValueObject {
  return Object.fromEntries(Object.entries(mapping).filter(([name]) => name !== key));
}

function withoutCredentials(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutCredentials);
  if (!isObject(value)) return value;
  const kept = Object.entries(without(value, 'credential_id'));
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutCredentials(member)]));
}

const isLocalFile = (value: Value): boolean => isObject(value) && value['transfer_method'] === 'local_file';

/** A form variable whose default names no file that was uploaded here. */
function withoutFiles(variable: Value): Value {
  if (!isObject(variable)) return variable;
  const standard = variable['default'] ?? null;
  if (isLocalFile(standard)) return without(variable, 'default');
  return Array.isArray(standard) ? { ...variable, default: standard.filter((each) => !isLocalFile(each)) } : variable;
}
