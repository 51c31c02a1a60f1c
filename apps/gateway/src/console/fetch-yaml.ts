import { OutboundError, ResponseSizeError, type Outbound } from '@millrace/contracts';

const maxBytes = 10 * 1024 * 1024;
const timeouts = { connectMs: 10_000, readMs: 10_000 };

/** Fetches a workflow file (service-api 8.2); what goes wrong is a text for the caller. */
export async function fetchYaml(outbound: Outbound, url: string): Promise<{ yaml: string } | { error: string }> {
  try {
    const request = { method: 'GET', url: rawUrl(url), headers: {}, timeouts, maxResponseBytes: maxBytes };
    const { status, body } = await outbound.request(request);
    if (status >= 400) return { error: `Error fetching YAML from URL: status ${status}` };
    return body.length === 0 ? { error: 'Empty content from url' } : { yaml: Buffer.from(body).toString('utf8') };
  } catch (error) {
    if (error instanceof ResponseSizeError) return { error: 'File size exceeds the limit of 10MB' };
    if (error instanceof OutboundError) return { error: `Error fetching YAML from URL: ${error.message}` };
    throw error;
  }
}

const blobPage = /^https:\/\/github\.com\/([^/]+\/[^/]+)\/blob\/(.+)$/;

/** The page of a file on GitHub stands for the file. */
export const rawUrl = (url: string): string => url.trim().replace(blobPage, 'https://raw.githubusercontent.com/$1/$2');
