export { createConsoleApi, ConsoleApiError } from './console-api.js';
