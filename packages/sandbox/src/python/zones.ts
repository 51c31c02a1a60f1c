/** The time zone database of the cage, made from the one inside the JavaScript engine: no files of the host, nothing to install. */
const folder = '/usr/share/zoneinfo/';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Zones change their offset rarely: a look every so often finds all changes but those undone within days. */
const strideMs = 14 * dayMs;
/** RFC 8536 allows rules for the time after the last transition; these tables just go on long enough. */
const first = Date.UTC(1901, 0, 1);
const last = Date.UTC(2100, 0, 1);

interface Local {
  /** East of UTC, in seconds. */
  offset: number;
  isDst: boolean;
  name: string;
}

/** The file of the zone database (TZif) at `path`, or undefined when that names no zone. */
export function zoneFile(path: string): Uint8Array | undefined {
  if (!path.startsWith(folder)) return undefined;
  const zone = path.slice(folder.length);
  // The engine takes offsets (`+01:00`) and any letter case; the database does not.
  if (!/^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(zone)) return undefined;
  const offsetAt = offsetsOf(zone);
  return offsetAt === undefined ? undefined : encode(transitionsOf(offsetAt));
}

/** The offset in seconds at a time in ms, or undefined for a zone that is not known. */
function offsetsOf(timeZone: string): ((at: number) => number) | undefined {
  const digits = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  } as const;
  try {
    const format = new Intl.DateTimeFormat('en-US', { ...digits, timeZone, hourCycle: 'h23', calendar: 'iso8601' });
    return (at) => {
      const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = fieldsOf(format, at);
      return (Date.UTC(year, month - 1, day, hour, minute, second) - at) / 1_000;
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function fieldsOf(format: Intl.DateTimeFormat, at: number): number[] {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return (['month', 'day', 'year', 'hour', 'minute', 'second'] as const).map((field) => parts.get(field) ?? 0);
}

interface Transition {
  /** In ms; the first entry of a table counts from the beginning of time. */
  at: number;
  offset: number;
}

function transitionsOf(offsetAt: (at: number) => number): Transition[] {
  const found: Transition[] = [{ at: first, offset: offsetAt(first) }];
  let offset = offsetAt(first);
  for (let at = first + strideMs; at <= last; at += strideMs) {
    const next = offsetAt(at);
    if (next === offset) continue;
    found.push({ at: firstWith(next, at - strideMs, at, offsetAt), offset: next });
    offset = next;
  }
  return found;
}

/** The second at which the offset becomes `wanted`, between `low` (not yet) and `high` (already). */
function firstWith(wanted: number, low: number, high: number, offsetAt: (at: number) => number): number {
  let [before, after] = [low / 1_000, high / 1_000];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle * 1_000) === wanted) after = middle;
    else before = middle;
  }
  return after * 1_000;
}

/** Summer time is what is ahead of both its neighbours; the engine does not tell. */
function localTimes(transitions: readonly Transition[]): Local[] {
  return transitions.map(({ at, offset }, index) => {
    const [before, after] = [transitions[index - 1], transitions[index + 1]];
    const isDst =
      (before === undefined || before.offset < offset) &&
      after !== undefined &&
      after.offset < offset &&
      after.at - at < 300 * dayMs;
    return { offset, isDst: isDst && before !== undefined, name: nameOf(offset) };
  });
}

/** As the database names zones without letters of their own: `+02`, `-0330`. */
function nameOf(offset: number): string {
  if (offset === 0) return 'UTC';
  const minutes = Math.floor(Math.abs(offset) / 60);
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${offset < 0 ? '-' : '+'}${hour ?? ''}${minute === '00' ? '' : (minute ?? '')}`;
}

/** A version 2 file: an empty block of 32-bit times, the block of 64-bit times, no rule. */
function encode(transitions: readonly Transition[]): Uint8Array {
  const times = localTimes(transitions);
  const kinds = [...new Set(times.map((time) => JSON.stringify(time)))];
  const locals = kinds.map((kind) => JSON.parse(kind) as Local);
  const names = [...new Set(locals.map(({ name }) => name))];
  const nameAt = (name: string): number =>
    names.slice(0, names.indexOf(name)).join(' ').length + (names.indexOf(name) > 0 ? 1 : 0);
  const changes = transitions.slice(1);
  const text = Buffer.from(`${names.join('\0')}\0`);

  const body = Buffer.alloc(changes.length * 9 + locals.length * 6);
  changes.forEach(({ at }, index) => {
    body.writeBigInt64BE(BigInt(at / 1_000), index * 8);
    body.writeUInt8(kinds.indexOf(JSON.stringify(times[index + 1])), changes.length * 8 + index);
  });
  locals.forEach(({ offset, isDst, name }, index) => {
    const at = changes.length * 9 + index * 6;
    body.writeInt32BE(offset, at);
    body.writeUInt8(isDst ? 1 : 0, at + 4);
    body.writeUInt8(nameAt(name), at + 5);
  });
  return Buffer.concat([
    ...[header(0, 1, 1), Buffer.alloc(7)],
    ...[header(changes.length, locals.length, text.length), body, text],
    Buffer.from('\n\n'),
  ]);
}

function header(changes: number, kinds: number, textBytes: number): Buffer {
  const bytes = Buffer.alloc(44);
  bytes.write('TZif2');
  bytes.writeUInt32BE(changes, 32);
  bytes.writeUInt32BE(kinds, 36);
  bytes.writeUInt32BE(textBytes, 40);
  return bytes;
}
