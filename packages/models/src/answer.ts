import {
  InvalidResponseDataError,
  type LanguageModelV4File,
  type LanguageModelV4FinishReason,
  type LanguageModelV4StreamPart,
  type LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { ModelError, type MadeFile } from '@millrace/contracts';
import { noReason } from './named-end.js';

/** Most characters of all files in base64. */
const maxMadeChars = (20 * 1024 * 1024 * 4) / 3;

/** Most characters of an answer: far more than any model writes, and what a hostile server may make of it. */
const maxTextChars = 8 * 1024 * 1024;

/** What a whole stream amounted to. */
export interface StreamedAnswer {
  text: string;
  finishReason: string | null;
  /** Model that answered and id of the answer, where the provider names them. */
  model?: string | undefined;
  id?: string | undefined;
  promptTokens: number;
  completionTokens: number;
}

/** Who hears an answer while it is read. */
export interface Listener {
  onText: (text: string) => void;
  onFile?: ((file: MadeFile) => Promise<string>) | undefined;
}

/**
 * Reads a model's stream to its end. Reasoning that comes apart from the text is put into a `<think>` block.
 * @throws what the stream reports as its error; ModelError when it broke off
 */
export async function readAnswer(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  { onText, onFile }: Listener,
): Promise<StreamedAnswer> {
  const pieces: string[] = [];
  let madeChars = 0;
  let thinking = false;
  let named: { id?: string | undefined; modelId?: string | undefined } = {};
  let finish: { usage: LanguageModelV4Usage; finishReason: LanguageModelV4FinishReason } | undefined;
  let textChars = 0;
  const push = (text: string) => {
    textChars += text.length;
    if (textChars > maxTextChars)
      throw new ModelError('InvokeServerUnavailableError', `The model answered more than ${maxTextChars} characters`);
    pieces.push(text);
    onText(text);
  };
  const say = (text: string) => {
    if (text === '') return;
    push(thinking ? `\n</think>${text}` : text);
    thinking = false;
  };
  for await (const part of stream) {
    if (part.type === 'reasoning-delta' && part.delta !== '') {
      push(thinking ? part.delta : `<think>\n${part.delta}`);
      thinking = true;
    } else if (part.type === 'text-delta') {
      say(part.delta);
    } else if (part.type === 'response-metadata') {
      named = { id: part.id ?? named.id, modelId: part.modelId ?? named.modelId };
    } else if (part.type === 'file') {
      const file = madeFile(part);
      madeChars += file?.base64.length ?? 0;
      if (madeChars > maxMadeChars)
        throw new ModelError('InvokeServerUnavailableError', 'The model made more than 20 MB of files');
      if (file && onFile) say(await onFile(file));
    } else if (part.type === 'finish') {
      finish = part;
    } else if (part.type === 'error') {
      throw isCutOff(part.error) ? brokenOff() : part.error;
    }
  }
  if (thinking) push('\n</think>');
  if (!finish || finish.finishReason.unified === 'interrupted') {
    throw brokenOff();
  }
  const { usage, finishReason } = finish;
  return {
    text: pieces.join(''),
    finishReason: reasonOf(finishReason),
    model: named.modelId,
    id: named.id,
    promptTokens: usage.inputTokens.total ?? 0,
    completionTokens: usage.outputTokens.total ?? 0,
  };
}

function reasonOf({ raw, unified }: LanguageModelV4FinishReason): string | null {
  if (raw === noReason) return null;
  return raw ?? (unified === 'other' ? null : unified);
}

/** How the library for compatible servers tells that a stream has no end. */
const isCutOff = (error: unknown): boolean =>
  InvalidResponseDataError.isInstance(error) && /ended without a finish reason/.test(error.message);

const brokenOff = (): ModelError =>
  new ModelError('InvokeConnectionError', 'The stream of the model ended before its answer was complete', {
    transient: true,
  });

/** What the answer itself holds; what it only names is left out: it would have to be fetched from wherever it says. */
function madeFile({ mediaType, data }: LanguageModelV4File): MadeFile | undefined {
  if (data.type !== 'data') return undefined;
  const base64 = typeof data.data === 'string' ? data.data : Buffer.from(data.data).toString('base64');
  return { mimeType: mediaType, base64 };
}
