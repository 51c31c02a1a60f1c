import { ApiError } from '@millrace/contracts';
import { extensionOf, typeOfExtension } from '@millrace/graph';

/** Limits of uploads (service-api 6.1), in MB of 1,048,576 bytes, as `/parameters` tells them. */
export interface UploadLimits {
  /** Default 10. */
  image: number;
  /** Default 100. */
  video: number;
  /** Default 50. */
  audio: number;
  /** All others. Default 15. */
  file: number;
  /** Extensions that are refused. Default none. */
  blockedExtensions: readonly string[];
}

export const defaultUploadLimits: UploadLimits = { image: 10, video: 100, audio: 50, file: 15, blockedExtensions: [] };

const mebibyte = 1024 * 1024;

/** Most bytes of a file with this extension. */
export function uploadLimitBytes(limits: UploadLimits, extension: string): number {
  const type = typeOfExtension(extension);
  return (type === 'document' || type === 'custom' ? limits.file : limits[type]) * mebibyte;
}

/** Most bytes of any file. */
export const largestUploadBytes = ({ image, video, audio, file }: UploadLimits): number =>
  Math.max(image, video, audio, file) * mebibyte;

/** A file part as it begins. */
export interface FilePart {
  /** Empty when the part has none. */
  filename: string;
  /** Media type, empty when the part has none. */
  mimeType: string;
}

/**
 * The name and extension a part is stored under.
 * @throws ApiError in the order of service-api 2.9
 */
export function checkFilePart(
  { filename, mimeType }: FilePart,
  limits: UploadLimits,
): { name: string; extension: string } {
  if (mimeType === '') throw new ApiError('unsupported_file_type');
  if (filename === '') throw new ApiError('filename_not_exists_error');
  if (/[/\\]/.test(filename)) throw new ApiError('invalid_param', 'Filename contains invalid characters');
  const extension = extensionOf(filename);
  if (
    extension !== '' &&
    limits.blockedExtensions.some((each) => each.toLowerCase().replace(/^\./, '') === extension)
  ) {
    throw new ApiError('invalid_param', `File extension '.${extension}' is not allowed for security reasons`);
  }
  return { name: shortened(filename, extension), extension };
}

const longestName = 200;

/** Length counts code points. */
function shortened(filename: string, extension: string): string {
  const points = Array.from(filename);
  if (points.length <= longestName) return filename;
  const stem = Array.from(filename.split('.', 1)[0] ?? '').slice(0, longestName);
  return `${stem.join('')}.${extension}`;
}
