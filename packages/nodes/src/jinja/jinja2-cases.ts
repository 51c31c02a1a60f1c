/**
 * Templates beside what Jinja2 3.1.6 makes of them with its default settings; `null` where it raises an error.
 * `variables` is JSON text, because it tells integers from floats.
 */
export const variables =
  '{"name": "Ada", "t": true, "f": false, "n": null, "i": 3, "fl": 1.0, "pi": 3.14159, "big": 12345678901234567890, "l": [1, 2.0, "a\'b", null, true], "d": {"b": 1, "a": {"x": [1]}, "items2": 2}, "s": "h\\u00e9llo w\\u00f6rld", "e": [], "users": [{"name": "Bo", "age": 30}, {"name": "al", "age": 25}, {"name": "Cy", "age": 30}], "html": "<b>\\"\'&</b>", "nums": [3, 1, 2], "txt": "a,b,,c", "ml": "l1\\nl2\\n\\nl3", "small": 1e-05, "huge": 1e+16}';

// prettier-ignore
export const cases: readonly (readonly [template: string, output: string | null])[] = [
  ['Hello {{ name }}', 'Hello Ada'],
  ["{{ '\u0661\uff12'|int }} {{ '\u3000\u0661.5 '|float }} {{ 'f__f'|int(7, 16) }} {{ 'f_f'|int(7, 16) }}", '12 1.5 7 255'],
  [
    '{{ t }} {{ f }} {{ n }} {{ i }} {{ fl }} {{ pi }} {{ big }} {{ small }} {{ huge }}',
    'True False None 3 1.0 3.14159 12345678901234567890 1e-05 1e+16',
  ],
  ['{{ l }} {{ d }} {{ e }} {{ nope }}|', "[1, 2.0, \"a'b\", None, True] {'b': 1, 'a': {'x': [1]}, 'items2': 2} [] |"],
  ['{{ nope.x }}', null],
  ['{{ n.x }}|', '|'],
  ["{{ d.b }} {{ d['b'] }} {{ d.a.x[0] }} {{ d.zz }}| {{ d.zz.y }}", null],
  [
    '{{ l[0] }} {{ l[-1] }} {{ l[9] }}| {{ l[1:] }} {{ l[::-1] }} {{ s[1:4] }} {{ s[::2] }} {{ l[:-2] }}',
    '1 True | [2.0, "a\'b", None, True] [True, None, "a\'b", 2.0, 1] éll hlowrd [1, 2.0, "a\'b"]',
  ],
  [
    '{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 0.1 + 0.2 }} {{ 1e3 }} {{ 2 ** 100 }}',
    '3 -4 -2 3.5 3.0 1024 0.5 0.30000000000000004 1000.0 1267650600228229401496703205376',
  ],
  [
    '{{ 9007199254740993 + 1 }} {{ big * 2 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}',
    '9007199254740994 24691357802469135780 3.0 0.5',
  ],
  ['{{ 1 / 0 }}', null],
  ["{{ 'a' + 1 }}", null],
  ["{{ 'a' ~ 1 ~ t ~ n }}", 'a1TrueNone'],
  ["{{ 'ab' * 3 }} {{ [1] * 2 }} {{ [1] + [2] }}", 'ababab [1, 1] [1, 2]'],
  [
    "{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ 'a' in s }} {{ 'h' in s }} {{ 3 not in nums }}",
    'True True True False True False',
  ],
  ["{{ 'a' < 1 }}", null],
  ["{{ not t }} {{ t and 'x' }} {{ f or 'y' }} {{ '' or n }} {{ not not i }}", 'False x y None True'],
  ["{{ 'yes' if t else 'no' }} {{ 'yes' if f }}|", 'yes |'],
  ['{% if i > 2 %}big{% elif i > 1 %}mid{% else %}small{% endif %}', 'big'],
  [
    '{% for x in nums %}{{ loop.index }}/{{ loop.length }}:{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}',
    '1/3:3, 2/3:1, 3/3:2',
  ],
  ['{% for x in [] %}x{% else %}none{% endfor %}', 'none'],
  ['{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}', "b=1;a={'x': [1]};items2=2;"],
  ['{% for k in d %}{{ k }}{% endfor %}', 'baitems2'],
  ['{% for u in users if u.age > 26 %}{{ u.name }} {{ loop.index0 }} {% endfor %}', 'Bo 0 Cy 1 '],
  [
    "{% for x in nums %}{{ loop.previtem }}-{{ loop.nextitem }};{{ loop.cycle('o','e') }} {% endfor %}",
    '-1;o 3-2;e 1-;o ',
  ],
  ['{% for x in nope %}x{% endfor %}|', '|'],
  ['{% for x in n %}x{% endfor %}', null],
  ['{% for x in i %}x{% endfor %}', null],
  ['{%- for x in nums -%} {{ x }} {%- endfor -%} ', '312'],
  ['a {{- name -}} b', 'aAdab'],
  ['{% set x = 5 %}{{ x }}{% for y in [1] %}{% set x = 6 %}{{ x }}{% endfor %}{{ x }}', '565'],
  ['{% set ns = namespace(c=0) %}{% for x in nums %}{% set ns.c = ns.c + x %}{% endfor %}{{ ns.c }}', '6'],
  ['{% set a, b = 1, 2 %}{{ a }}{{ b }}', '12'],
  ['{% set blk %}in {{ name }}{% endset %}[{{ blk }}]', '[in Ada]'],
  ['{% set blk | upper %}in {{ name }}{% endset %}[{{ blk }}]', '[IN ADA]'],
  ["{% macro m(a, b='z') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(a=3, b=4) }}", '<1z><12><34>'],
  ['{% macro w() %}[{{ caller() }}]{% endmacro %}{% call w() %}body{% endcall %}', '[body]'],
  ['{% macro w(x) %}[{{ caller(x) }}]{% endmacro %}{% call(y) w(4) %}b{{ y }}{% endcall %}', '[b4]'],
  ['{% with q = 3 %}{{ q }}{% endwith %}{{ q }}|', '3|'],
  ['{% filter upper %}abc {{ name }}{% endfilter %}', 'ABC ADA'],
  ['{% raw %}{{ x }}{% endraw %}', '{{ x }}'],
  ['{# comment #}x', 'x'],
  ['{{ \'{{\' }} {{ "}}" }}', '{{ }}'],
  ["{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"],
  [
    "{{ name | upper }} {{ name | lower }} {{ 'hello wORLD foo-bar' | title }} {{ 'hELLO' | capitalize }}",
    'ADA ada Hello World Foo-Bar Hello',
  ],
  [
    "{{ nope | default('d') }} {{ n | default('d') }} {{ '' | default('d', true) }} {{ n | d('x', boolean=true) }}",
    'd None d x',
  ],
  [
    "{{ l | join(',') }} {{ users | join(', ', attribute='name') }} {{ e | join }}|",
    "1,2.0,a'b,None,True Bo, al, Cy |",
  ],
  [
    "{{ nums | sort }} {{ nums | sort(reverse=true) }} {{ users | sort(attribute='name') | map(attribute='name') | list }}",
    "[1, 2, 3] [3, 2, 1] ['al', 'Bo', 'Cy']",
  ],
  ["{{ ['b','A','c'] | sort }} {{ ['b','A','c'] | sort(case_sensitive=true) }}", "['A', 'b', 'c'] ['A', 'b', 'c']"],
  [
    "{{ nums | sum }} {{ users | sum(attribute='age') }} {{ [1.5, 2] | sum }} {{ nums | max }} {{ nums | min }} {{ e | max }}|",
    '6 85 3.5 3 1 |',
  ],
  [
    '{{ nums | first }} {{ nums | last }} {{ e | first }}| {{ s | length }} {{ d | length }} {{ nums | count }}',
    '3 2 | 11 3 3',
  ],
  [
    "{{ 2.5 | round }} {{ 3.5 | round }} {{ 42.55 | round(1) }} {{ 42.55 | round(1, 'floor') }} {{ 42.11 | round(1, 'ceil') }} {{ 3 | round }} {{ 0.125 | round(2) }} {{ 2.675 | round(2) }} {{ 1234.5 | round(-2) }}",
    '2.0 4.0 42.5 42.5 42.2 3 0.12 2.67 1200.0',
  ],
  [
    "{{ '3.7' | float }} {{ 'x' | float }} {{ '3' | int }} {{ '3.9' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ 5 | float }} {{ n | int }} {{ 'ff' | int(base=16) }} {{ t | int }}",
    '3.7 0.0 3 3 0 7 3 5.0 0 255 1',
  ],
  [
    "{{ s | replace('l', 'L') }} {{ s | replace('l', 'L', 1) }} {{ '  x ' | trim }}| {{ 'xxaxx' | trim('x') }}",
    'héLLo wörLd héLlo wörld x| a',
  ],
  [
    '{{ html | e }} {{ html | escape }} {{ html | safe }} {{ html | striptags }} {{ html }}',
    '&lt;b&gt;&#34;&#39;&amp;&lt;/b&gt; &lt;b&gt;&#34;&#39;&amp;&lt;/b&gt; <b>"\'&</b> "\'& <b>"\'&</b>',
  ],
  [
    '{{ d | tojson }} {{ html | tojson }} {{ l | tojson }} {{ s | tojson }} {{ fl | tojson }} {{ n | tojson }}',
    '{"a": {"x": [1]}, "b": 1, "items2": 2} "\\u003cb\\u003e\\"\\u0027\\u0026\\u003c/b\\u003e" [1, 2.0, "a\\u0027b", null, true] "h\\u00e9llo w\\u00f6rld" 1.0 null',
  ],
  ['{{ d | tojson(indent=2) }}', '{\n  "a": {\n    "x": [\n      1\n    ]\n  },\n  "b": 1,\n  "items2": 2\n}'],
  [
    "{{ nums | map('string') | list }} {{ ['a','b'] | map('upper') | join }} {{ nums | select('odd') | list }} {{ nums | reject('odd') | list }} {{ users | selectattr('age', 'equalto', 30) | map(attribute='name') | join(',') }} {{ users | rejectattr('age', '>', 26) | list }} {{ [0,1,'',n] | select | list }}",
    "['3', '1', '2'] AB [3, 1] [2] Bo,Cy [{'name': 'al', 'age': 25}] [1]",
  ],
  [
    "{{ nums | reverse | list }} {{ 'abc' | reverse }} {{ [1,2,1,3] | unique | list }} {{ ['a','A','b'] | unique | list }}",
    "[2, 1, 3] cba [1, 2, 3] ['a', 'b']",
  ],
  [
    "{{ [1,2,3,4,5] | batch(2) | list }} {{ [1,2,3,4,5] | batch(2, 0) | list }} {{ [1,2,3,4,5] | slice(2) | list }} {{ [1,2,3,4,5] | slice(3, 'x') | list }}",
    "[[1, 2], [3, 4], [5]] [[1, 2], [3, 4], [5, 0]] [[1, 2, 3], [4, 5]] [[1, 2], [3, 4], [5, 'x']]",
  ],
  [
    "{% for g in users | groupby('age') %}{{ g.grouper }}:{{ g.list | map(attribute='name') | join('+') }};{% endfor %}",
    '25:al;30:Bo+Cy;',
  ],
  ["{% for age, us in users | groupby('age') %}{{ age }}:{{ us | length }};{% endfor %}", '25:1;30:2;'],
  [
    '{{ ml | indent }} | {{ ml | indent(2, true) }} | {{ ml | indent(2, blank=true) }}',
    'l1\n    l2\n\n    l3 |   l1\n  l2\n\n  l3 | l1\n  l2\n  \n  l3',
  ],
  [
    "{{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'foo bar baz qux' | truncate(11, false, '..', 0) }}",
    'foo... foo ba... foo bar baz qux foo bar..',
  ],
  [
    "{{ 'a b/c?é' | urlencode }} {{ {'a': 'x y', 'b': 1} | urlencode }} {{ 'one two  three' | wordcount }} {{ 'x' | center(5) }}|",
    'a%20b/c%3F%C3%A9 a=x+y&b=1 3   x  |',
  ],
  [
    "{{ '%s=%d %.2f %5s|%-5s|%05d %%' | format('a', 3, 2.5, 'r', 'l', 42) }} {{ '%.1f' % 2.25 }} {{ '%s %s' % (1, t) }}",
    'a=3 2.50     r|l    |00042 % 2.2 1 True',
  ],
  [
    "{{ -5 | abs }} {{ (-5) | abs }} {{ -2.5 | abs }} {{ 5 | string ~ 'x' }} {{ t | string }} {{ t | upper }}",
    '5 5 2.5 5x True TRUE',
  ],
  [
    "{{ 1 is odd }} {{ 2 is even }} {{ 9 is divisibleby 3 }} {{ name is string }} {{ i is number }} {{ fl is float }} {{ i is integer }} {{ d is mapping }} {{ l is sequence }} {{ n is none }} {{ nope is defined }} {{ nope is undefined }} {{ name is defined and name }} {{ 'a' is in ['a'] }} {{ t is true }} {{ t is boolean }} {{ l is iterable }} {{ n is not none }} {{ 'AB' is upper }} {{ 3 is gt 2 }} {{ 3 is eq(3) }} {{ t is sameas true }}",
    'True True True True True True True True True True False True Ada True True True True False True True True True',
  ],
  [
    "{{ s.upper() }} {{ s.split() }} {{ txt.split(',') }} {{ txt.split(',', 1) }} {{ ' x '.strip() }}| {{ 'xay'.strip('xy') }} {{ s.replace('o','0') }} {{ s.startswith('hé') }} {{ ','.join(['a','b']) }} {{ s.find('w') }} {{ 'a-b'.title() }} {{ '{} {}'.format(1, 'x') }} {{ '{a:.2f}'.format(a=2) }} {{ 'ab'.zfill(5) }} {{ '-4'.zfill(4) }} {{ 'abc'.isalpha() }} {{ '12'.isdigit() }} {{ ml.splitlines() }} {{ 'a.b.c'.rsplit('.', 1) }} {{ 'aXb'.partition('X')[2] }} {{ 'aaa'.count('a') }} {{ 'abc'.center(9) }}| {{ 'ab'.center(5) }}|",
    "HÉLLO WÖRLD ['héllo', 'wörld'] ['a', 'b', '', 'c'] ['a', 'b,,c'] x| a héll0 wörld True a,b 6 A-B 1 x 2.00 000ab -004 True True ['l1', 'l2', '', 'l3'] ['a.b', 'c'] b 3    abc   |   ab |",
  ],
  [
    "{{ d.keys() | list }} {{ d.values() | list }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 9) }} {{ d.items() | list | length }}",
    "['b', 'a', 'items2'] [1, {'x': [1]}, 2] 1 None 9 3",
  ],
  [
    '{% set q = [] %}{% for x in nums %}{% set _ = q.append(x * 2) %}{% endfor %}{{ q }} {{ q.pop() }} {{ q.index(6) }}',
    '[6, 2, 4] 4 0',
  ],
  [
    "{{ range(3) | list }} {{ range(1, 7, 2) | list }} {{ range(3, 0, -1) | list }} {{ dict(a=1, b='x') }}",
    "[0, 1, 2] [1, 3, 5] [3, 2, 1] {'a': 1, 'b': 'x'}",
  ],
  ['{{ nope() }}', null],
  ['{{ name() }}', null],
  ['{{ name | nofilter }}', null],
  ['{{ name is notest }}', null],
  ['{{ name', null],
  ['{% if t %}x', null],
  ['{% endif %}', null],
  ['{% foo %}', null],
  ['{{ 1 +}}', null],
  ["{{ 'a' 'b' }} {{ \"q\\\"q\" }} {{ 'n\\nn' }} {{ 'it''s' }}", 'ab q"q n\nn its'],
  [
    "{{ users[0].name }} {{ users.0.name }} {{ (users | first).age }} {{ users | map(attribute='name') | first }}",
    'Bo Bo 30 Bo',
  ],
  ['{{ loop }}|{% for x in [1] %}{{ loop.first }}{{ loop.revindex }}{{ loop.depth }}{% endfor %}', '|True11'],
  [
    '{% for x in [[1,[2]],[3]] recursive %}{{ loop.depth }}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}',
    '1(212(32))1(23)',
  ],
  ['{% for a, b in [[1,2],[3,4]] %}{{ a + b }} {% endfor %}', '3 7 '],
  ['{% for a, b in [[1,2,3]] %}{{ a }}{% endfor %}', null],
  [
    "{{ i | string | int + 1 }} {{ -i }} {{ +i }} {{ - 2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 10 - 2 - 3 }} {{ 2 + 3 * 4 ~ 'x' }}",
    null,
  ],
  ['{{ "a" if f else "b" if f else "c" }} {{ (1 if t) + 1 }}', 'c 2'],
  [
    "{{ nums | map('round', 1) | list }} {{ 'a' | attr('b') }}| {{ users | map(attribute='zz', default='?') | list }}",
    "[3, 1, 2] | ['?', '?', '?']",
  ],
  [
    "{{ s | first }} {{ s | last }} {{ s | list }} {{ 'a\\tb' }} {{ ['a\\tb', \"it's\", 'q\"q', \"b'\\\"\", 'é', '\\x7f'] }}",
    "h d ['h', 'é', 'l', 'l', 'o', ' ', 'w', 'ö', 'r', 'l', 'd'] a\tb ['a\\tb', \"it's\", 'q\"q', 'b\\'\"', 'é', '\\x7f']",
  ],
  [
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }} {% set j = joiner('|') %}{{ j() }}a{{ j() }}b",
    'abab a|b',
  ],
  ['{% if nope %}a{% else %}b{% endif %}{% if nope == 1 %}c{% endif %}{% if n == none %}d{% endif %}', 'bd'],
  ['{{ nope + 1 }}', null],
  ['{{ 5 // 0 }}', null],
  ['{{ 5.0 % 0 }}', null],
  ['{{ 1_000 }} {{ 0x1F }} {{ 1.5e3 }} {{ 1e-7 }}', '1000 31 1500.0 1e-07'],
  ['{% block b %}in block{% endblock %}', 'in block'],
  ['{{ True }} {{ False }} {{ None }} {{ none }}', 'True False None None'],
  [
    '{{ fl * 3 }} {{ fl + i }} {{ i * 1.5 }} {{ t + 1 }} {{ t * 2.0 }} {{ big // 7 }} {{ big % 7 }} {{ big / 7 }}',
    '3.0 4.0 4.5 2 2.0 1763668414462081127 1 1.763668414462081e+18',
  ],
  [
    "{{ {1: 'a', 'k': 2}[1] }} {{ {'a': 1} == {'a': 1.0} }} {{ [1, 2] == [1.0, 2] }} {{ [1] < [2] }} {{ n == f }}",
    'a True True True False',
  ],
  ["{{ d.update({'z': 1}) }}{{ d }}", "None{'b': 1, 'a': {'x': [1]}, 'items2': 2, 'z': 1}"],
  ['a\n', 'a'],
  ['a\n\n', 'a\n'],
  ['{% for i in nums %}\n{{ i }}\n{% endfor %}\nend\n', '\n3\n\n1\n\n2\n\nend'],
  ['  {%- if t %}\n  x\n  {%- endif %}\n', '\n  x'],
  ['l1\r\nl2 {{ i }}\r\n', 'l1\nl2 3'],
  ['{% if t %}\n  yes\n{% endif %}\n', '\n  yes\n'],
  ['x {# c #}\n y {#- d -#}  z', 'x \n yz'],
  ['{% raw -%}  a {{ b }}  {%- endraw %} c', 'a {{ b }} c'],
  ['{{ name\n  | upper }}', 'ADA'],
  ['{%+ if t +%} a {%+ endif +%}', ' a '],
  // A word that is too long to fit any line, after a line that is full.
  [
    `{{ "it's <b>x</b>" | wordwrap(5) }}|{{ 'a-b-c-d ab-cd-efgh' | wordwrap(4) }}|{{ 'abcd -ef-ghij' | wordwrap(5) }}`,
    "it's \n<b>x<\n/b>|a-b-\nc-d\nab-\ncd-\nefgh|abcd\n-ef-\nghij",
  ],
];
