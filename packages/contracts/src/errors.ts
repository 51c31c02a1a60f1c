/**
 * The error catalogue: every code the API answers with, its HTTP status and default message
 * (service-api 1.5). Only the HTTP edge turns codes into responses.
 */
export const errorCatalogue = {
  invalid_param: { status: 400, message: 'Invalid parameter.' },
  bad_request: { status: 400, message: 'Bad request.' },
  bad_request_key_error: {
    status: 400,
    message: 'The browser (or proxy) sent a request that this server could not understand.',
  },
  not_workflow_app: { status: 400, message: 'Please check if your app mode matches the right API route.' },
  app_unavailable: { status: 400, message: 'App unavailable, please check your app configurations.' },
  provider_not_initialize: {
    status: 400,
    message:
      'No valid model provider credentials found. Please go to Settings -> Model Provider to complete your provider credentials.',
  },
  provider_quota_exceeded: {
    status: 400,
    message:
      'Your quota for the model provider has been exhausted. Please go to Settings -> Model Provider to complete your own provider credentials.',
  },
  model_currently_not_support: { status: 400, message: 'The model is currently not supported.' },
  completion_request_error: { status: 400, message: 'Completion request failed.' },
  no_file_uploaded: { status: 400, message: 'Please upload your file.' },
  too_many_files: { status: 400, message: 'Only one file is allowed.' },
  filename_not_exists_error: { status: 400, message: 'The specified filename does not exist.' },
  provider_not_support_speech_to_text: { status: 400, message: 'Provider not support speech to text.' },
  workflow_request_error: { status: 400, message: 'The workflow could not be executed.' },
  unauthorized: { status: 401, message: 'Access token is invalid' },
  forbidden: { status: 403, message: 'Forbidden.' },
  file_access_denied: { status: 403, message: 'Access to the requested file is denied.' },
  trigger_workflow_service_mode_unavailable: {
    status: 403,
    message: 'This workflow uses a trigger entry and cannot be invoked through Web App, Service API, OpenAPI, or MCP.',
  },
  not_found: { status: 404, message: 'Not found.' },
  end_user_not_found: { status: 404, message: 'End user not found.' },
  file_not_found: { status: 404, message: 'The requested file was not found.' },
  method_not_allowed: { status: 405, message: 'The method is not allowed for the requested URL.' },
  draft_workflow_not_exist: { status: 404, message: 'Draft workflow need to be initialized.' },
  draft_workflow_not_sync: {
    status: 409,
    message: 'Workflow graph might have been modified, please refresh and resubmit.',
  },
  conflict: { status: 409, message: 'Conflict.' },
  payload_too_large: { status: 413, message: 'Request body is too large.' },
  file_too_large: { status: 413, message: '' },
  audio_too_large: { status: 413, message: 'Audio size larger than 30 mb' },
  unsupported_file_type: { status: 415, message: 'File type not allowed.' },
  unsupported_audio_type: { status: 415, message: 'Audio type not allowed.' },
  unsupported_media_type: {
    status: 415,
    message: "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
  },
  too_many_requests: { status: 429, message: 'Too many requests. Please try again later.' },
  internal_server_error: { status: 500, message: 'Internal server error.' },
  service_unavailable: { status: 503, message: 'The service is temporarily unavailable. Please try again.' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** An error the caller is told about: `code` decides the HTTP status. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  constructor(code: ErrorCode, message?: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message ?? errorCatalogue[code].message, { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
  get status(): number {
    return errorCatalogue[this.code].status;
  }
}
