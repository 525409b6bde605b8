import t from 'tap'
import { isBlank, splitStatements } from '../../collector/cli/statement'

const CASES: [text: string, statements: string[], rest: string][] = [
  ['', [], ''],
  ['select 1', [], 'select 1'],
  ['select 1;', ['select 1'], ''],
  [' select 1 ; select 2; sel', ['select 1', 'select 2'], ' sel'],
  [';;', [], ''],
  ["select ';', 'it''s;';", ["select ';', 'it''s;'"], ''],
  ["select 'open; ", [], "select 'open; "],
  [String.raw`select e'\';'; x`, [String.raw`select e'\';'`], ' x'],
  [String.raw`select '\'; x`, [String.raw`select '\'`], ' x'],
  [String.raw`select name'\'; x`, [String.raw`select name'\'`], ' x'],
  ['select "a;b";', ['select "a;b"'], ''],
  ['do $$ begin; end $$; x', ['do $$ begin; end $$'], ' x'],
  ['do $a$ $b$; $$; $a$; x', ['do $a$ $b$; $$; $a$'], ' x'],
  ['select $1; select a$b$c;', ['select $1', 'select a$b$c'], ''],
  ['select $q$ open; ', [], 'select $q$ open; '],
  ['select 1 -- not; here\n;', ['select 1 -- not; here'], ''],
  ['-- only; a comment\n', [], '-- only; a comment\n'],
  ['-- a comment;\nselect 1;', ['-- a comment;\nselect 1'], ''],
  ['select /* a; /* nested; */ b; */ 1; x', ['select /* a; /* nested; */ b; */ 1'], ' x'],
  ['select /* open; ', [], 'select /* open; '],
  [
    'create rule r as on insert to t do (a; b); x',
    ['create rule r as on insert to t do (a; b)'],
    ' x',
  ],
]

t.test('statements end at the semicolons that are not inside something', async (t) => {
  for (const [text, statements, rest] of CASES) {
    t.strictSame(splitStatements(text), { statements, rest }, JSON.stringify(text))
  }
})

t.test('white space and comments say nothing', async (t) => {
  for (const text of ['', ' \n', '-- x', '/* a /* b */ */ -- c\n']) t.ok(isBlank(text), text)
  for (const text of ['x', '-- x\ny', '/* a */ b', '-']) t.notOk(isBlank(text), text)
})
