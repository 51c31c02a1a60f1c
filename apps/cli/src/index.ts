export { createConsoleApi } from './api/console-api.js';
