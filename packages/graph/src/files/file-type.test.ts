import { detectFileType, extensionOf } from './file-type.js';

it.each([
  ['a.TXT', 'txt'],
  ['a.tar.gz', 'gz'],
  ['none', ''],
  ['trailing.', ''],
  ['.env', 'env'],
  ['', ''],
])('the extension of %j is %j', (name, extension) => {
  expect(extensionOf(name)).toBe(extension);
});

it.each([
  ['.PNG', '', 'image'],
  ['svg', 'text/plain', 'image'],
  ['.webm', 'audio/webm', 'video'],
  ['.m4a', '', 'audio'],
  ['.md', 'application/octet-stream', 'document'],
  ['.odt', '', 'document'],
  ['.bin', 'image/x-unknown', 'image'],
  ['.bin', 'application/x-video', 'video'],
  ['', 'AUDIO/ogg', 'audio'],
  ['', 'text/x-python', 'document'],
  ['', 'application/x-pdf', 'document'],
  ['', 'application/msword', 'document'],
  ['', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'document'],
  ['', 'message/rfc822', 'document'],
  ['.zip', 'application/zip', 'custom'],
  ['', '', 'custom'],
])('%j with %j is %s', (extension, mimeType, type) => {
  expect(detectFileType(extension, mimeType)).toBe(type);
});
