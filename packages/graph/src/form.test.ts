import { Float, type Value } from '@millrace/contracts';
import { checkPlaces, parseForm, validateInputs } from './form.js';
import { parseJson, stringifyJson } from './values/json.js';

function check(declared: object, ...given: Value[]): unknown {
  const form = parseForm({ variables: [{ variable: 'v', ...declared }] });
  const checked = validateInputs(form, given.length > 0 ? { v: given[0] } : {});
  const result = checked.ok ? checkPlaces(form, checked.values) : checked;
  return result.ok ? result.values['v'] : `! ${result.message}`;
}

const text = { type: 'text-input', max_length: 3 };
const number = { type: 'number' };
const select = { type: 'select', options: ['a', "b'c"] };
const json = { type: 'json_object' };
const invalidNumber = '! v in input form must be a valid number';

describe('validateInputs (service-api 3)', () => {
  const cases: [object, Value | undefined, unknown][] = [
    [{ ...text, required: true }, undefined, '! v is required in input form'],
    [{ ...text, required: true, default: 'x' }, null, '! v is required in input form'],
    [{ ...text, required: true }, '', ''],
    [text, undefined, null],
    [{ ...text, default: 'd' }, undefined, 'd'],
    [{ ...text, default: 'd' }, null, 'd'],
    [text, '😀😀😀', '😀😀😀'],
    [text, 'abcd', '! v in input form must be less than 3 characters'],
    [{ ...text, max_length: 0 }, 'abcd', 'abcd'],
    [text, 5, "! (type 'text-input') v in input form must be a string"],
    [{ type: 'paragraph' }, [], "! (type 'paragraph') v in input form must be a string"],
    [{ type: 'paragraph' }, 'a\0b', 'ab'],
    [select, 'a', 'a'],
    [select, 'A', `! v in input form must be one of the following: ['a', "b'c"]`],
    [{ ...select, default: '' }, undefined, `! v in input form must be one of the following: ['a', "b'c"]`],
    [select, 1, "! (type 'select') v in input form must be a string"],
    [number, 1, 1],
    [number, new Float(1), new Float(1)],
    [number, true, true],
    [number, ' 5 ', 5],
    [number, '5.0', new Float(5)],
    [number, '2.5e1', new Float(25)],
    [number, '1e5', invalidNumber],
    [number, 'x', invalidNumber],
    [number, [], invalidNumber],
    [{ ...number, required: true }, '  ', null],
    [{ ...number, default: '5' }, undefined, 5],
    [{ type: 'checkbox' }, ' YES ', true],
    [{ type: 'checkbox' }, 'off', false],
    [{ type: 'checkbox' }, 1, true],
    [{ type: 'checkbox' }, new Float(0), false],
    [{ type: 'checkbox' }, 'maybe', 'maybe'],
    [{ type: 'checkbox' }, 2, 2],
    [{ type: 'checkbox' }, {}, "! Invalid input type for ['v']"],
    [{ type: 'checkbox' }, [{}], "! Invalid input type for ['v']"],
    [{ type: 'checkbox' }, [1], [1]],
    [json, { a: 1 }, { a: 1 }],
    [json, '{"a":1}', '! v in input form must be a dict'],
    [json, '', ''],
    [json, [{}], '! v in input form must be a dict'],
    [{ type: 'file' }, undefined, null],
    [{ type: 'file' }, '', null],
    [{ type: 'file' }, { type: 'image' }, { type: 'image' }],
    [{ type: 'file', required: true }, '', '! v in input form must be a file'],
    [{ type: 'file', required: true }, undefined, '! v is required in input form'],
    [{ type: 'file' }, 'x', '! v in input form must be a file'],
    [{ type: 'file' }, [{}], '! v in input form must be a file'],
    [{ type: 'file-list' }, '', null],
    [{ type: 'file-list' }, [], []],
    [{ type: 'file-list', max_length: 1 }, [{}], [{}]],
    [{ type: 'file-list', max_length: 1 }, [{}, {}], '! v in input form must be less than 1 files'],
    [{ type: 'file-list' }, {}, '! v in input form must be a list of files'],
    [{ type: 'file-list' }, [{}, 'x'], '! v in input form must be a list of files'],
    [{ type: 'file-list', required: true }, '', '! v in input form must be a list of files'],
    [
      { type: 'external_data_tool' },
      'x',
      "! v in input form has the type 'external_data_tool', which is not supported",
    ],
  ];
  it.each(cases)('%j with %j', (declared, given, outcome) => {
    expect(given === undefined ? check(declared) : check(declared, given)).toEqual(outcome);
  });

  it('drops unknown keys and keeps the declared order', () => {
    const names = ['b', 'a', '2', '__proto__', '1', 'constructor'];
    const form = parseForm({ variables: names.map((variable) => ({ variable })) });
    const result = validateInputs(form, parseJson('{"x":1,"a":"A","b":"B","__proto__":"P","1":"I"}'));
    expect(result.ok && stringifyJson(result.values)).toBe(
      '{"b":"B","a":"A","2":null,"__proto__":"P","1":"I","constructor":null}',
    );
  });

  it.each([null, [], 'x', 5, undefined])('refuses %j as inputs', (inputs) => {
    expect(validateInputs([], inputs)).toEqual({ ok: false, message: 'inputs must be an object' });
  });
});

it('reads declarations leniently', () => {
  const [variable] = parseForm({ variables: [{ variable: 1, options: [1, 'x'], max_length: '48' }, {}, 'x'] });
  expect(variable).toMatchObject({
    variable: '1',
    label: '1',
    type: 'text-input',
    required: false,
    maxLength: 48,
    options: ['1', 'x'],
  });
});
