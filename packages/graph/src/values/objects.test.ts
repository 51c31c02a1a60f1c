import type { Value } from '@millrace/contracts';
import { objectOf } from './objects.js';

const entriesOf = (...keys: string[]): [string, Value][] => keys.map((key, at) => [key, at]);

describe('objectOf', () => {
  it.each([
    [['b', '2', '1']],
    [['10', '9', '010', '-1', '1.5']],
    [['1', '2', 'a']],
    [['4294967294', '4294967295', '0']],
    [['__proto__', 'constructor', '1', 'toString']],
    [['b', 'a']],
    [[]],
  ])('keeps the order of %j everywhere', (keys) => {
    const object = objectOf(entriesOf(...keys));
    const walked: string[] = [];
    for (const key in object) walked.push(key);
    expect(walked).toEqual(keys);
    expect(Object.keys(object)).toEqual(keys);
    expect(Object.entries(object)).toEqual(entriesOf(...keys));
    expect(JSON.stringify(object)).toBe(`{${keys.map((key, at) => `${JSON.stringify(key)}:${at}`).join(',')}}`);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
  });

  it('is an ordinary object to whoever reads it', () => {
    const object = objectOf([...entriesOf('b', '1'), ['b', 'later']]);
    expect(object).toEqual({ b: 'later', '1': 1 });
    expect(Object.keys(object)).toEqual(['b', '1']);
    expect(Object.hasOwn(object, '1')).toBe(true);
    expect(object['2']).toBeUndefined();
    expect({ ...object }).toEqual({ b: 'later', '1': 1 });
  });

  it('is a plain object where JavaScript keeps the order by itself', () => {
    const object = objectOf(entriesOf('1', '2', 'a'));
    object['0'] = 0;
    expect(Object.keys(object)).toEqual(['0', '1', '2', 'a']);
  });
});
