import type { LanguageModelV4FilePart } from '@ai-sdk/provider';
import type { ModelFile } from '@millrace/contracts';
import type { Protocol } from './catalog.js';

const openai = /^(image\/.+|audio\/(wav|mpeg)|application\/pdf)$/;
const everything = /^(image\/.+|audio\/.+|video\/.+|text\/.+|application\/pdf)$/;
const commonImages = 'image\\/(png|jpeg|gif|webp)';

/** Media types that the APIs carry; a model may take fewer, and then says so. */
const carried: Record<Protocol, RegExp> = {
  openai,
  azure: openai,
  'openai-compatible': /^(image\/.+|video\/.+|audio\/(wav|mpeg)|application\/pdf)$/,
  anthropic: new RegExp(`^(${commonImages}|application\\/pdf|text\\/plain)$`),
  google: everything,
  vertex: everything,
  bedrock: new RegExp(`^(${commonImages}|application\\/pdf|text\\/(csv|html|plain|markdown))$`),
  mistral: new RegExp(`^(${commonImages}|application\\/pdf)$`),
  cohere: new RegExp(`^(${commonImages})$`),
};

/** Other names of the same media types. */
const aliases: Record<string, string> = {
  'image/jpg': 'image/jpeg',
  'audio/mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
};

/** A file as a part of a message; `undefined` when the API has no place for such a file. */
export function filePart(file: ModelFile, protocol: Protocol): LanguageModelV4FilePart | undefined {
  const declared = file.mimeType.toLowerCase();
  const mediaType = aliases[declared] ?? declared;
  if (!carried[protocol].test(mediaType)) return undefined;
  return {
    type: 'file',
    mediaType,
    filename: file.name,
    data: { type: 'data', data: file.base64 },
    ...(file.type === 'image' &&
      file.detail !== undefined && { providerOptions: withDetail(file, mediaType, protocol) }),
  };
}

function withDetail({ base64, detail = 'high' }: ModelFile, mediaType: string, protocol: Protocol) {
  if (protocol !== 'openai-compatible') return { openai: { imageDetail: detail }, azure: { imageDetail: detail } };
  // The library knows no detail for these servers, but lays such options over the part.
  const url = `data:${mediaType};base64,${base64}`;
  return { openaiCompatible: { image_url: { url, detail } } };
}
