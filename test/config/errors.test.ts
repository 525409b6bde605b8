import t from 'tap'
import { describeConfig } from '../../collector/config'
import { faultsOf, load } from './loading'

const shown = (yaml: string) =>
  faultsOf({}, yaml).map(({ place, key, value, problem }) => {
    return `${place ?? ''} ${key}${value === null ? '' : `=${value}`}: ${problem}`
  })

const YAML = `
errors:
  rules:
    - match: {class: 'Chunk*', attribute.tenant.plan: free}
      fingerprint: [chunk-load, '{{ code }}']
    - match:
        path: src/legacy/*
      fingerprint: ['{{ default }}', "{{ attribute.shop }}"]
  in_app:
    - {path: 'pkg:@acme/*', in_app: true}
    - {path: src/generated/?.js, in_app: false}
`

t.test('nothing said is no rule', async (t) => {
  t.strictSame(load({}).fingerprintRules, { rules: [], inApp: [] })
  t.strictSame(load({}, 'errors:\n  rules:\n  in_app: []\n').fingerprintRules, {
    rules: [],
    inApp: [],
  })
})

t.test('rules and folders are ready for use, in their order', async (t) => {
  const { rules, inApp } = load({}, YAML).fingerprintRules
  t.match(rules, [
    { fingerprint: ['chunk-load', '{{ code }}'] },
    { fingerprint: ['{{ default }}', '{{ attribute.shop }}'] },
  ])
  const [first] = rules[0]?.match ?? []
  t.equal(first?.field, 'class')
  t.equal(first?.glob('ChunkLoadError'), true)
  t.equal(first?.glob('LoadChunkError'), false)
  t.equal(rules[0]?.match[1]?.field, 'attribute.tenant.plan')
  t.strictSame(
    inApp.map(({ path, isInApp }) => [
      path('pkg:@acme/a/b.js'),
      path('src/generated/x.js'),
      isInApp,
    ]),
    [
      [true, false, true],
      [false, true, false],
    ],
  )
})

t.test('the effective configuration tells them, with file and line', async (t) => {
  const lines = describeConfig(load({}, YAML)).filter((line) => line.startsWith('# errors.'))
  t.strictSame(
    lines.map((line) => line.replace(/ +#/, ' #')),
    [
      '# errors.rules[0]=[class: Chunk*, attribute.tenant.plan: free] -> [chunk-load, {{ code }}] # file, sidelight.yaml:4',
      '# errors.rules[1]=[path: src/legacy/*] -> [{{ default }}, {{ attribute.shop }}] # file, sidelight.yaml:6',
      '# errors.in_app[0]=pkg:@acme/*: true # file, sidelight.yaml:10',
      '# errors.in_app[1]=src/generated/?.js: false # file, sidelight.yaml:11',
    ],
  )
})

const rule = (text: string) => `errors:\n  rules:\n    - ${text}\n`
const FAULTS: [yaml: string, ...faults: RegExp[]][] = [
  ['errors: 3', /yaml:1 errors: it is not a map/],
  ['errors: {rule: []}', /yaml:1 errors\.rule: .*did you mean errors\.rules\?/],
  ['errors: {rules: {}}', /yaml:1 errors\.rules: it is not a list/],
  [rule('a'), /yaml:3 errors\.rules\[0\]: it is not a map/],
  [rule('{match: {class: A}, group: [a]}'), /errors\.rules\[0\]\.group: there is no such key/],
  [rule('{fingerprint: [a]}'), /yaml:3 errors\.rules\[0\]\.match: nothing is to match/],
  [rule('{match: A, fingerprint: [a]}'), /errors\.rules\[0\]\.match: it is not a map/],
  [rule('{match: {}, fingerprint: [a]}'), /errors\.rules\[0\]\.match: nothing is to match/],
  [rule('{match: {type: A}, fingerprint: [a]}'), /match\.type: there is no such field/],
  [rule('{match: {attribute.: A}, fingerprint: [a]}'), /match\.attribute\.: there is no such/],
  [rule('{match: {class: [A]}, fingerprint: [a]}'), /match\.class: it is not a text/],
  [rule("{match: {class: ''}, fingerprint: [a]}"), /match\.class: it is empty/],
  [
    rule(`{match: {class: ${'x'.repeat(201)}}, fingerprint: [a]}`),
    /match\.class: it is longer than 200 characters/,
  ],
  [rule('{match: {class: A}, fingerprint: a}'), /fingerprint: it is not a list of texts/],
  [rule('{match: {class: A}}'), /rules\[0\]: it says no fingerprint/],
  [
    rule("{match: {class: A}, fingerprint: ['{{ defualt }}']}"),
    /fingerprint\[0\]=\{\{ defualt \}\}: there is no such variable; did you mean \{\{ default \}\}\?/,
  ],
  ['errors: {in_app: 3}', /yaml:1 errors\.in_app: it is not a list/],
  ['errors: {in_app: [{path: a}]}', /in_app\[0\]\.in_app: it is neither true nor false/],
  ['errors: {in_app: [{path: a, in_app: maybe}]}', /in_app\[0\]\.in_app: it is neither true/],
  ['errors: {in_app: [{in_app: true}]}', /in_app\[0\]\.path: it is empty/],
  [
    'errors:\n  rules:\n    - {match: {kind: A}, fingerprint: [a]}\n    - {match: {class: A}, fingerprint: 1}\n  in_app: [1]\n',
    /yaml:3 errors\.rules\[0\]\.match\.kind/,
    /yaml:4 errors\.rules\[1\]\.fingerprint/,
    /yaml:5 errors\.in_app\[0\]/,
  ],
]

t.test('every fault is told at once, with file and line', async (t) => {
  for (const [yaml, ...faults] of FAULTS) {
    const found = shown(yaml)
    t.equal(found.length, faults.length, JSON.stringify(found))
    t.match(found, faults)
  }
})
