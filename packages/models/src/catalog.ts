/** Wire protocol of a provider. */
export type Protocol =
  'openai' | 'openai-compatible' | 'azure' | 'anthropic' | 'google' | 'vertex' | 'bedrock' | 'mistral' | 'cohere';

/** Protocols that want no more than an address and a key. */
export type KeyedProtocol = Exclude<Protocol, 'azure' | 'vertex' | 'bedrock'>;

/** What is known of a provider without its credentials. */
export interface CatalogEntry {
  protocol: Protocol;
  /** Where it lives when the credentials name no address; absent = they must. */
  baseUrl?: string;
  /** Its address outside of China, chosen by `use_international_endpoint`. */
  internationalUrl?: string;
  /** Runs on users' own machines, which may want no key. */
  keyless?: boolean;
}

const compatible = (baseUrl: string, internationalUrl?: string): CatalogEntry => ({
  protocol: 'openai-compatible',
  baseUrl,
  ...(internationalUrl !== undefined && { internationalUrl }),
});
const ownServer: CatalogEntry = { protocol: 'openai-compatible', keyless: true };

/**
 * Providers by the last segment of the name that workflow files use. Addresses are those of langgenius/dify-official-plugins
 * (August 2026) or of the provider's own documentation. A name that is not listed counts as a server of the user's own.
 */
const catalog = new Map<string, CatalogEntry>(
  Object.entries({
    openai: { protocol: 'openai', baseUrl: 'https://api.openai.com/v1' },
    azure_openai: { protocol: 'azure' },
    anthropic: { protocol: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' },
    google: { protocol: 'google', baseUrl: 'https://generativelanguage.googleapis.com/v1beta' },
    vertex_ai: { protocol: 'vertex' },
    bedrock: { protocol: 'bedrock' },
    mistralai: { protocol: 'mistral', baseUrl: 'https://api.mistral.ai/v1' },
    cohere: { protocol: 'cohere', baseUrl: 'https://api.cohere.com/v2' },
    aihubmix: compatible('https://aihubmix.com/v1'),
    baichuan: compatible('https://api.baichuan-ai.com/v1'),
    byteplus: compatible('https://ark.ap-southeast.bytepluses.com/api/v3'),
    deepseek: compatible('https://api.deepseek.com/v1'),
    fireworks: compatible('https://api.fireworks.ai/inference/v1'),
    gitee_ai: compatible('https://ai.gitee.com/v1'),
    groq: compatible('https://api.groq.com/openai/v1'),
    hunyuan: compatible('https://api.hunyuan.cloud.tencent.com/v1'),
    llama_api: compatible('https://api.llama.com/compat/v1'),
    longcat: compatible('https://api.longcat.chat/openai/v1'),
    minimax: compatible('https://api.minimaxi.com/v1', 'https://api.minimax.io/v1'),
    modelscope: compatible('https://api-inference.modelscope.cn/v1'),
    moonshot: compatible('https://api.moonshot.cn/v1', 'https://api.moonshot.ai/v1'),
    novita: compatible('https://api.novita.ai/openai/v1'),
    nvidia: compatible('https://integrate.api.nvidia.com/v1'),
    openrouter: compatible('https://openrouter.ai/api/v1'),
    perfxcloud: compatible('https://cloud.perfxlab.cn/v1'),
    perplexity: compatible('https://api.perplexity.ai'),
    sambanova: compatible('https://api.sambanova.ai/v1'),
    siliconflow: compatible('https://api.siliconflow.cn/v1', 'https://api.siliconflow.com/v1'),
    stepfun: compatible('https://api.stepfun.com/v1', 'https://api.stepfun.ai/v1'),
    togetherai: compatible('https://api.together.xyz/v1'),
    tongyi: compatible(
      'https://dashscope.aliyuncs.com/compatible-mode/v1',
      'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    ),
    upstage: compatible('https://api.upstage.ai/v1'),
    volcengine_maas: compatible('https://ark.cn-beijing.volces.com/api/v3'),
    wenxin: compatible('https://qianfan.baidubce.com/v2'),
    x: compatible('https://api.x.ai/v1'),
    yi: compatible('https://api.lingyiwanwu.com/v1'),
    zhipuai: compatible('https://open.bigmodel.cn/api/paas/v4'),
  }),
);

/** Other names under which the same providers go. */
const aliases = new Map([
  ['azure', 'azure_openai'],
  ['dashscope', 'tongyi'],
  ['gemini', 'google'],
  ['mistral', 'mistralai'],
  ['together', 'togetherai'],
  ['vertex', 'vertex_ai'],
  ['volcengine', 'volcengine_maas'],
  ['xai', 'x'],
]);

/** Providers whose own protocols are not spoken here. */
const unsupported = new Set(['replicate', 'sagemaker', 'watsonx', 'oci', 'huggingface_hub']);

/** The last segment of a provider's name: `langgenius/openai/openai` → `openai`. */
export function shortProviderName(provider: string): string {
  return provider.split('/').at(-1)?.trim() ?? provider;
}

/** The name under which a provider is listed: `gemini` → `google`. */
export function canonicalName(shortName: string): string {
  return aliases.get(shortName) ?? shortName;
}

/** Looks a provider up by its short name; `undefined` when its protocol is not spoken. */
export function findProvider(shortName: string): CatalogEntry | undefined {
  if (unsupported.has(shortName)) return undefined;
  return catalog.get(canonicalName(shortName)) ?? ownServer;
}
