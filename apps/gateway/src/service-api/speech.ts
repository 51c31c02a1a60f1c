import { ApiError } from '@millrace/contracts';
import type { Plans } from '@millrace/engine';
import { isObject } from '@millrace/graph';
import type { Request, RequestHandler, Response } from 'express';
import { readJsonObject } from '../http/body.js';
import { linger } from '../http/linger.js';
import { boundaryOf, readMultipart, type Part } from '../http/multipart.js';
import { appOf } from './app-of.js';
import { planOf } from './submit-run.js';

/** Speech models are not called yet: what the contract (service-api 2.15) says before one is asked. */
export interface SpeechDeps {
  plans: Plans;
  bodyLimitBytes: number;
}

/** Whether a feature of the published version is on. */
async function hasFeature({ plans }: SpeechDeps, res: Response, name: string): Promise<boolean> {
  const app = appOf(res);
  if (!app.published) return false;
  const feature = (await planOf({ plans }, app, app.published.id)).features[name];
  return isObject(feature) && feature['enabled'] === true;
}

/** `POST /v1/audio-to-text`. */
export const audioToText =
  (deps: SpeechDeps): RequestHandler =>
  async (req, res) => {
    try {
      await receiveAudio(deps, req, res);
      throw new ApiError('provider_not_support_speech_to_text');
    } finally {
      linger(req, res);
    }
  };

const audioTypes = /^audio\/(mp3|m4a|wav|amr|mpga)$/;
const mostAudioBytes = 30 * 1024 * 1024;
/** Room for the other parts and their headers. */
const overheadBytes = 1024 * 1024;

/** Takes the audio and keeps nothing of it. @throws ApiError in the order of service-api 2.15 */
async function receiveAudio(deps: SpeechDeps, req: Request, res: Response): Promise<void> {
  const tooLarge = (): ApiError => new ApiError('audio_too_large');
  const seen = { file: false };

  const onPart = async ({ name, filename, mimeType, content }: Part): Promise<void> => {
    if (seen.file || name !== 'file' || filename === undefined) return void content.resume();
    seen.file = true;
    if (!(await hasFeature(deps, res, 'speech_to_text')))
      throw new ApiError('invalid_param', 'Speech to text is not enabled');
    if (!audioTypes.test(mimeType)) throw new ApiError('unsupported_audio_type');
    let size = 0;
    for await (const chunk of content as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > mostAudioBytes) throw tooLarge();
    }
  };

  const boundary = boundaryOf(req.headers['content-type']);
  if (boundary !== undefined) {
    try {
      await readMultipart(req, boundary, { maxBytes: mostAudioBytes + overheadBytes, onPart, tooLarge });
    } catch (error) {
      // A body in which no file can be found holds none.
      if (seen.file || !(error instanceof ApiError) || error.code !== 'bad_request') throw error;
    }
  }
  if (!seen.file) throw new ApiError('bad_request_key_error');
}

/** `POST /v1/text-to-audio`. */
export const textToAudio =
  (deps: SpeechDeps): RequestHandler =>
  async (req, res) => {
    const { text, message_id: messageId, voice } = await readJsonObject(req, deps.bodyLimitBytes);
    // Workflow apps have no messages.
    if (messageId) return void res.json(null);
    if (!text) throw new ApiError('invalid_param', 'Text is required');
    if (!voice && !(await hasFeature(deps, res, 'text_to_speech')))
      throw new ApiError('invalid_param', 'TTS is not enabled');
    throw new ApiError('invalid_param', 'Sorry, no voice available.');
  };
