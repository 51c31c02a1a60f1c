import { ApiError } from '@millrace/contracts';
import type { Plans } from '@millrace/engine';
import { stringifyJson } from '@millrace/graph';
import type { AppRecord } from '@millrace/store';
import { Router, type RequestHandler } from 'express';
import type { FindAppAccess } from '../auth/ports.js';
import { allowAnyOrigin } from '../http/headers.js';
import { methodNotAllowed } from '../http/errors.js';
import { sendJsonText } from '../http/send-json.js';
import { presentInfo, presentMeta, presentParameters, presentSite, type SystemParameters } from './app-description.js';
import { previewFile } from '../files/preview.js';
import { uploadFile, type UploadDeps } from '../files/upload.js';
import { appOf, requireAppKey } from './app-of.js';
import { endUser } from './end-users.js';
import { runEvents, type EventsDeps } from './events.js';
import { runDetail, runLogs } from './history.js';
import type { FindApp, FindEndUser, FindLogs, FindRun } from './ports.js';
import { humanInputForm, submitHumanInputForm } from './forms.js';
import { runWorkflow, type RunDeps } from './run.js';
import { audioToText, textToAudio } from './speech.js';
import { stopTask, type StopDeps } from './stop.js';
import { planOf } from './submit-run.js';

export interface ServiceApiDeps extends RunDeps, StopDeps, EventsDeps {
  files: UploadDeps;
  findAppAccess: FindAppAccess;
  findRun: FindRun;
  findLogs: FindLogs;
  findApp: FindApp;
  findEndUser: FindEndUser;
  plans: Plans;
  systemParameters: SystemParameters;
  serverVersion: string;
}

/** The Service API, with its full paths (below `/v1`). */
export function serviceApiRouter(deps: ServiceApiDeps): Router {
  const router = Router();
  const withKey = requireAppKey(deps.findAppAccess);
  router.use('/v1', allowAnyOrigin);

  post('/workflows/run', runWorkflow(deps));
  post('/workflows/:workflow_id/run', notReserved, runWorkflow(deps));
  post('/workflows/tasks/:task_id/stop', stopTask(deps));
  get('/workflows/run/:workflow_run_id', runDetail(deps.findRun));
  get('/workflows/logs', runLogs(deps.findLogs));
  get('/workflow/:workflow_run_id/events', runEvents(deps));
  post('/files/upload', uploadFile(deps.files));
  get('/files/:file_id/preview', previewFile);
  post('/audio-to-text', audioToText(deps));
  post('/text-to-audio', textToAudio(deps));
  both('/form/human_input/:form_token', humanInputForm, submitHumanInputForm(deps.bodyLimitBytes));
  get('/end-users/:end_user_id', endUser(deps.findEndUser));
  get('/info', describe(deps.findApp, presentInfo));
  get('/parameters', parameters(deps.plans, deps.systemParameters));
  get('/meta', meta(deps));
  get('/site', describe(deps.findApp, presentSite));
  router.get('/v1/', welcome(deps.serverVersion));
  router.all('/v1/', methodNotAllowed('GET'));
  return router;

  function get(path: string, ...handlers: RequestHandler[]): void {
    router.get(`/v1${path}`, withKey, ...handlers);
    router.all(`/v1${path}`, methodNotAllowed('GET'));
  }

  function both(path: string, getter: RequestHandler, poster: RequestHandler): void {
    router.get(`/v1${path}`, withKey, getter);
    router.post(`/v1${path}`, withKey, poster);
    router.all(`/v1${path}`, methodNotAllowed('GET', 'POST'));
  }

  function post(path: string, ...handlers: RequestHandler[]): void {
    router.post(`/v1${path}`, withKey, ...handlers);
    router.all(`/v1${path}`, methodNotAllowed('POST'));
  }
}

const welcome =
  (version: string): RequestHandler =>
  (_req, res) =>
    void res.json({ welcome: 'Dify OpenAPI', api_version: 'v1', server_version: version });

/** `run`, `tasks` and `logs` are path words, never versions. */
const notReserved: RequestHandler = (req, _res, next) => {
  const id = String(req.params['workflow_id']);
  next(id === 'run' || id === 'tasks' || id === 'logs' ? 'router' : undefined);
};

const describe =
  (findApp: FindApp, present: (app: AppRecord) => object): RequestHandler =>
  async (_req, res) => {
    const { tenantId, appId } = appOf(res);
    const app = await findApp(tenantId, appId);
    if (!app) throw new ApiError('forbidden', 'The app no longer exists.');
    res.json(present(app));
  };

const parameters =
  (plans: Plans, system: SystemParameters): RequestHandler =>
  async (_req, res) => {
    const { tenantId, published } = appOf(res);
    if (!published) throw new ApiError('app_unavailable');
    const plan = await planOf({ plans }, { tenantId }, published.id);
    sendJsonText(res, { status: 200, body: stringifyJson(presentParameters(plan, system)) });
  };

const meta =
  ({ plans, filesBase }: ServiceApiDeps): RequestHandler =>
  async (req, res) => {
    const { tenantId, published } = appOf(res);
    const plan = published && (await planOf({ plans }, { tenantId }, published.id));
    res.json(presentMeta(plan?.nodes ?? [], filesBase(req)));
  };
