/**
 * Evaluated once, before the snapshot. Its value is a list of functions that keep their own references to what they use, so that
 * code which changes built-in objects changes only what it sees itself.
 *
 * `seed` makes `Math.random` differ between runs (the snapshot fixed it); `run` calls `main` and answers `R` and the
 * JSON of the result; `describe` answers `E` and the text of an exception.
 */
export const prelude = `(() => {
  'use strict';
  const { parse, stringify } = JSON;
  const { defineProperty } = Object;
  const { apply } = Reflect;
  const { replace, slice } = String.prototype;
  const TypeErrorOfCage = TypeError;
  const longest = 8000;
  let a = 0, b = 0, c = 0, counter = 1;

  // sfc32, a small generator of good quality.
  const random = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t | 0;
    return (t >>> 0) / 4294967296;
  };
  defineProperty(Math, 'random', { value: { random: () => random() }.random, writable: true, configurable: true });

  const silent = {};
  for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'table'])
    defineProperty(silent, name, { value: () => undefined, writable: true, configurable: true, enumerable: true });
  defineProperty(globalThis, 'console', { value: silent, writable: true, configurable: true });

  const cut = (text) => {
    if (text.length <= longest) return text;
    let short = '';
    for (let index = 0; index < longest; index++) short += text[index];
    return short + '… ' + (text.length - longest) + ' characters left out';
  };
  const textOf = (error) => {
    if (typeof error !== 'object' || error === null) return 'Uncaught ' + (typeof error === 'symbol' ? 'symbol' : '' + error);
    const { name, message, stack } = error;
    const title = (typeof name === 'string' ? name : 'Error') + (message === undefined || message === '' ? '' : ': ' + message);
    return typeof stack === 'string' ? title + '\\n' + stack : title;
  };

  // Inputs may hold bare NaN and infinities, as Python writes them: they become strings, and all others are marked at their end.
  const words = /\\\\[^]|"(\\s*:)?|-?Infinity|NaN/g;
  let inString = false;
  const mark = (token, colon) => {
    if (token[0] === '"') {
      inString = !inString;
      return inString || colon !== undefined ? token : '.' + token;
    }
    return inString || token[0] === '\\\\' ? token : '"' + token + '"';
  };
  const unmark = (key, value) => {
    if (typeof value !== 'string') return value;
    return value[value.length - 1] === '.' ? apply(slice, value, [0, -1]) : +value;
  };
  const read = (text) => {
    try {
      return parse(text);
    } catch {
      return parse(apply(replace, text, [words, mark]), unmark);
    }
  };

  return [
    (x, y, z) => { a = x; b = y; c = z; for (let round = 0; round < 12; round++) random(); },
    (main, inputs) => {
      if (typeof main !== 'function') throw new TypeErrorOfCage('the code defines no function main');
      const text = stringify(main(read(inputs)));
      if (text === undefined) throw new TypeErrorOfCage('main returned nothing that JSON can hold');
      return 'R' + text;
    },
    (error) => {
      try {
        return 'E' + cut(textOf(error));
      } catch {
        return 'EThe code threw something whose text could not be made';
      }
    },
  ];
})()`;
