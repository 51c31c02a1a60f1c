import type { SecretBox } from './secrets.js';

/**
 * A workflow whose environment variables hold secrets is sealed as a whole. Taking only the secrets out would
 * mean to write the JSON anew, and with it to lose 1.0 for 1.
 */
const place = (appId: string): string => `workflow:${appId}`;

/** The text as it is stored. The version it belongs to is not part of the seal: publishing copies it. */
export const sealWorkflow = (secrets: SecretBox, appId: string, workflow: string): string =>
  hasSecrets(workflow) ? secrets.seal(workflow, place(appId)) : workflow;

/** @throws SecretError when it was sealed with another key */
export const openWorkflow = (secrets: SecretBox, appId: string, stored: string): string =>
  stored.startsWith('{') ? stored : secrets.open(stored, place(appId));

function hasSecrets(workflow: string): boolean {
  // A JSON object begins with `{`, sealed text never does; anything else is not a workflow.
  if (!workflow.startsWith('{')) throw new TypeError('A workflow is stored as the text of a JSON object.');
  const { environment_variables: variables } = JSON.parse(workflow) as { environment_variables?: unknown };
  return Array.isArray(variables) && variables.some((variable: unknown) => isSecret(variable));
}

const isSecret = (variable: unknown): boolean =>
  typeof variable === 'object' && variable !== null && 'value_type' in variable && variable.value_type === 'secret';
