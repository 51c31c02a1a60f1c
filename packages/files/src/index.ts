export * from './file-access.js';
export * from './file-links.js';
export * from './local-storage.js';
export { mediaType } from './mime.js';
export * from './remote-files.js';
export * from './sweep-files.js';
export * from './upload-rules.js';
