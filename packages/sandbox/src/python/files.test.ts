import { CageFiles, openFlags } from './files.js';

const megabyte = 1_048_576;
const create = openFlags.create | openFlags.readWrite;

test('files that were large once hold no memory that is not counted', () => {
  const files = new CageFiles({ files: new Map(), makeFile: () => undefined, maxScratchBytes: 16 * megabyte });
  let held = 0;
  for (let index = 0; index < 50; index++) {
    const { node } = files.file(files.open(`/tmp/${index}`, create));
    if (node.kind !== 'file') throw new Error('not a file');
    files.resize(node, 15 * megabyte);
    files.resize(node, index);
    held += node.content.length;
  }
  expect(held).toBeLessThan(megabyte);
});

test('a file that shrinks and grows again is zero where it is new', () => {
  const files = new CageFiles({ files: new Map(), makeFile: () => undefined, maxScratchBytes: megabyte });
  const file = files.file(files.open('/tmp/a', create));
  files.write(file, new Uint8Array(1_000).fill(7), 0);
  for (const size of [900, 100, 0]) {
    if (file.node.kind === 'file') files.resize(file.node, size);
    files.write(file, Uint8Array.of(1), 999);
    const content = new Uint8Array(1_000);
    expect(files.read(file, content, 0)).toBe(1_000);
    expect([...content.subarray(size, 999)].every((byte) => byte === 0)).toBe(true);
  }
});

test('files made on demand are kept within bounds', () => {
  let made = 0;
  const makeFile = (path: string): Uint8Array | undefined =>
    path.startsWith('/zone/') ? (made++, new Uint8Array(8)) : undefined;
  const files = new CageFiles({ files: new Map(), makeFile, maxScratchBytes: megabyte });
  for (let index = 0; index < 1_100; index++) files.find(`/zone/${index}`);
  files.reset();
  files.find('/zone/0');
  expect(made).toBe(1_101);
});

test('the number of a file made on demand tells nothing of those made before', () => {
  const numberOf = (...paths: string[]): number => {
    const makeFile = (path: string): Uint8Array | undefined =>
      path.startsWith('/zone/') ? new Uint8Array(8) : undefined;
    const files = new CageFiles({ files: new Map(), makeFile, maxScratchBytes: megabyte });
    return paths.map((path) => files.find(path).id).at(-1) ?? 0;
  };
  expect(numberOf('/zone/a', '/zone/b', '/zone/c')).toBe(numberOf('/zone/c'));
  expect(numberOf('/zone/a')).not.toBe(numberOf('/zone/c'));
});
