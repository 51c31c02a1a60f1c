/** `fetch` that names the address when nobody answers there. */
export async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw new Error(`Nothing answers at ${url.origin} (MILLRACE_URL)`, { cause });
  }
}
