/** The newest DSL version this engine knows. */
export const currentVersion = '0.6.0';

export type VersionVerdict = 'failed' | 'pending' | 'completed-with-warnings' | 'completed';

const release = /^\s*v?(\d+(?:\.\d+)*)(?:[-_.]?(?:alpha|beta|preview|pre|rc|dev|post|a|b|c)\d*)*\s*$/i;

function parts(version: string): number[] | undefined {
  const match = release.exec(version);
  return match?.[1]?.split('.').map(Number);
}

/** How a file's version stands to ours (dsl 1.14): a newer one or an older major needs the user's word. */
export function judgeVersion(imported: string): VersionVerdict {
  const theirs = parts(imported);
  const ours = parts(currentVersion) ?? [];
  if (!theirs) return 'failed';
  for (let i = 0; i < Math.max(theirs.length, ours.length); i += 1) {
    const [mine, other] = [ours[i] ?? 0, theirs[i] ?? 0];
    if (other > mine) return 'pending';
    if (other < mine) return i === 0 ? 'pending' : i === 1 ? 'completed-with-warnings' : 'completed';
  }
  return 'completed';
}
