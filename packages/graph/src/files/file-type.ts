/** Classes of files (service-api 6.1, dsl 2.4). */
export const fileTypes = ['image', 'document', 'audio', 'video', 'custom'] as const;
export type FileType = (typeof fileTypes)[number];

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const extensions: readonly [FileType, ReadonlySet<string>][] = [
  ['image', words('jpg jpeg png webp gif svg')],
  ['video', words('mp4 mov mpeg webm')],
  ['audio', words('mp3 m4a wav amr mpga')],
  [
    'document',
    words('txt markdown md mdx pdf html htm xlsx xls vtt properties doc docx csv eml msg ppt pptx xml epub odt'),
  ],
];

/** Documents whose MIME type says neither `text` nor `pdf`. */
const documentMime =
  /^(application\/(epub\+zip|msword|vnd\.ms-(excel|powerpoint|outlook)|vnd\.openxmlformats-officedocument\..+|vnd\.oasis\.opendocument\.text|.*wps.*)|message\/rfc822)$/;

/** Text after the last dot, lower case; empty when there is none. */
export const extensionOf = (filename: string): string => {
  const dot = filename.lastIndexOf('.');
  return dot < 0 ? '' : filename.slice(dot + 1).toLowerCase();
};

/** The class of an extension (with or without its dot), `custom` when no class lists it. */
export function typeOfExtension(extension: string): FileType {
  const bare = extension.toLowerCase().replace(/^\./, '');
  return extensions.find(([, known]) => known.has(bare))?.[0] ?? 'custom';
}

/** The class of a file: its extension decides, else its MIME type (service-api 3.4). */
export function detectFileType(extension: string, mimeType: string): FileType {
  const byExtension = typeOfExtension(extension);
  if (byExtension !== 'custom') return byExtension;
  const mime = mimeType.toLowerCase();
  for (const type of ['image', 'video', 'audio'] as const) if (mime.includes(type)) return type;
  return mime.includes('text') || mime.includes('pdf') || documentMime.test(mime) ? 'document' : 'custom';
}
