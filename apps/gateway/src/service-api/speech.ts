import { ApiError } from '@millrace/contracts';
import type { Plans } from '@millrace/engine';
import { isObject } from '@millrace/graph';
import type { RequestHandler, Response } from 'express';
import { readJsonObject } from '../http/body.js';
import { linger } from '../http/linger.js';
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
    linger(req, res);
    if (!(await hasFeature(deps, res, 'speech_to_text')))
      throw new ApiError('invalid_param', 'Speech to text is not enabled');
    throw new ApiError('provider_not_support_speech_to_text');
  };

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
