import { ApiError } from '@millrace/contracts';
import type { RequestHandler } from 'express';
import { readJsonObject } from '../http/body.js';
import { optionalObject, requiredText } from '../console/fields.js';
import { parseUser } from './user.js';

/** No run waits for a form yet, so no token is known (service-api 2.7). */
export const humanInputForm: RequestHandler = () => {
  throw new ApiError('not_found', 'Form not found');
};

/** As {@link humanInputForm}, once the body is right (service-api 2.8). */
export const submitHumanInputForm =
  (bodyLimitBytes: number): RequestHandler =>
  async (req) => {
    const body = await readJsonObject(req, bodyLimitBytes);
    parseUser(body['user']);
    if (!optionalObject(body, 'inputs')) throw new ApiError('invalid_param', 'inputs is required.');
    requiredText(body, 'action');
    throw new ApiError('not_found', 'Form not found');
  };
