import type { RequestHandler, Response } from 'express';
import { authenticateApp } from '../auth/app-key.js';
import type { AppAccess, FindAppAccess } from '../auth/ports.js';

/** Checks the app key of a Service API request (service-api 1.2). */
export const requireAppKey =
  (find: FindAppAccess): RequestHandler =>
  async (req, res, next) => {
    res.locals['app'] = await authenticateApp(req.headers.authorization, find);
    next();
  };

/** The app whose key the request carries. */
export const appOf = (res: Response): AppAccess => res.locals['app'] as AppAccess;
