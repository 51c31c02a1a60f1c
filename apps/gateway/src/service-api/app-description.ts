import type { Plan, PlanNode } from '@millrace/graph';
import type { Value, ValueObject } from '@millrace/contracts';
import type { AppRecord } from '@millrace/store';

/** `GET /v1/info` (service-api 2.12). */
export const presentInfo = (app: AppRecord) => ({
  name: app.name,
  description: app.description,
  tags: [],
  mode: app.mode,
  author_name: null,
});

const off = { enabled: false };

const featureDefaults: ValueObject = {
  opening_statement: null,
  suggested_questions: [],
  suggested_questions_after_answer: off,
  speech_to_text: off,
  text_to_speech: off,
  retriever_resource: off,
  annotation_reply: off,
  more_like_this: off,
  sensitive_word_avoidance: { enabled: false, type: '', configs: [] },
  file_upload: {
    image: { enabled: false, number_limits: 3, detail: 'high', transfer_methods: ['remote_url', 'local_file'] },
  },
};

/** Limits that clients are told, in MB and files (service-api 2.13). */
export type SystemParameters = Record<
  | 'image_file_size_limit'
  | 'video_file_size_limit'
  | 'audio_file_size_limit'
  | 'file_size_limit'
  | 'workflow_file_upload_limit',
  number
>;

/** `GET /v1/parameters` (service-api 2.13): the published version's form and features. */
export function presentParameters(
  { form, features }: Pick<Plan, 'form' | 'features'>,
  system: SystemParameters,
): ValueObject {
  const featureValues = Object.entries(featureDefaults).map(([key, fallback]): [string, Value] => [
    key,
    features[key] ?? fallback,
  ]);
  return {
    ...Object.fromEntries(featureValues),
    user_input_form: form.map(({ type, raw }) => ({ [type]: raw })),
    system_parameters: system,
  };
}

/** Stands for an API tool whose provider is not here. */
const defaultIcon = { background: '#252525', content: '😁' };

/**
 * `GET /v1/meta` (service-api 2.14): an icon for each built-in and each API tool.
 * @param consoleUrl address that the console's paths follow
 */
export const presentMeta = (nodes: Pick<PlanNode, 'type' | 'data'>[], consoleUrl: string) => ({
  tool_icons: Object.fromEntries(
    nodes.flatMap(({ type, data }): [string, Value][] => {
      const { provider_type: kind, provider_id: provider, tool_name: tool } = data;
      if (type !== 'tool' || typeof tool !== 'string' || typeof provider !== 'string') return [];
      if (kind === 'api') return [[tool, defaultIcon]];
      const path = `/console/api/workspaces/current/tool-provider/builtin/${provider}/icon`;
      return kind === 'builtin' ? [[tool, `${consoleUrl}${path}`]] : [];
    }),
  ),
});

/** `GET /v1/site` (service-api 2.14), for an app without a web page of its own. */
export const presentSite = (app: AppRecord) => ({
  title: app.name,
  chat_color_theme: null,
  chat_color_theme_inverted: false,
  icon_type: app.iconType,
  icon: app.icon,
  icon_background: app.iconBackground,
  description: app.description,
  copyright: null,
  privacy_policy: null,
  input_placeholder: null,
  custom_disclaimer: null,
  default_language: 'en-US',
  show_workflow_steps: true,
  use_icon_as_answer_icon: false,
  icon_url: null,
});
