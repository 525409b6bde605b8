import t from 'tap'
import { parseFile } from '../../collector/config/file'

const TOKEN = 'a-token-of-24-characters'

function faultsOf(yaml: string) {
  return parseFile('my.yaml', yaml).faults.map(
    ({ place, key, problem }) => `${place} ${key}: ${problem}`,
  )
}

t.test('an empty file says nothing', async (t) => {
  for (const yaml of ['', '# only a comment\n', 'retention:\n', 'log_level: null\n']) {
    const file = parseFile('my.yaml', yaml)
    t.equal(file.faults.length + file.texts.size, 0, JSON.stringify(yaml))
  }
})

t.test('texts are kept as written, with their line', async (t) => {
  const { texts } = parseFile('my.yaml', 'roles:\n  - api\n  - leader\nretention:\n  days: 07\n')
  t.strictSame(Object.fromEntries(texts), {
    roles: { text: 'api,leader', place: 'my.yaml:2' },
    'retention.days': { text: '07', place: 'my.yaml:5' },
  })
})

t.test('a group may stand in a group', async (t) => {
  const yaml = 'otlp:\n  tls:\n    cert_file: a.pem\n  cors: {origins: ["https://a.b", "*"]}\n'
  const { texts, faults } = parseFile('my.yaml', yaml)
  t.same(faults, [])
  t.strictSame(Object.fromEntries(texts), {
    'otlp.tls.cert_file': { text: 'a.pem', place: 'my.yaml:3' },
    'otlp.cors.origins': { text: 'https://a.b,*', place: 'my.yaml:4' },
  })
})

const FAULTS: [yaml: string, ...faults: RegExp[]][] = [
  ['retention: {days: 1', /^my\.yaml:1 YAML: it cannot be read: /],
  ['log_level: info\nlog_level: warn\n', /^my\.yaml:2 YAML: .*unique/],
  ['- a\n- b\n', /^my\.yaml:1 the file: it is not a map/],
  ['retention: 30\n', /^my\.yaml:1 retention: it is not a map/],
  ['\nretentoin:\n  days: 3\n', /^my\.yaml:2 retentoin: .*did you mean retention\?$/],
  ['retention:\n  day: 3\n', /^my\.yaml:2 retention\.day: .*did you mean retention\.days\?/],
  ['otlp:\n  tls: a.pem\n', /^my\.yaml:2 otlp\.tls: it is not a map/],
  [
    'otlp:\n  tls:\n    cert_fil: a.pem\n',
    /^my\.yaml:3 otlp\.tls\.cert_fil: .*otlp\.tls\.cert_file\?/,
  ],
  ['log_level: [info]\n', /^my\.yaml:1 log_level: it is not a text or a number/],
  ['log_level: true\n', /^my\.yaml:1 log_level: it is not a text or a number/],
  ['roles: [[api]]\n', /^my\.yaml:1 roles: it is not a list of texts/],
  [`tokens: ${TOKEN}\n`, /^my\.yaml:1 tokens: it is not a list/],
  [`tokens:\n  - ${TOKEN}\n`, /^my\.yaml:2 tokens\[0\]: it is not a map/],
  ['tokens:\n  - {}\n', /tokens\[0\]\.token: the token is missing/, /scope: the scope is missing/],
  [`tokens:\n  - { token: ${TOKEN}, scope: root }\n`, /tokens\[0\]\.scope: there is no such scope/],
  [`tokens:\n  - { token: ${TOKEN}, scope: read, org: a }\n`, /tokens\[0\]\.org: there is no such/],
  ['tokens:\n  - { token: short, scope: read }\n', /tokens\[0\]\.token: the token has only 5 /],
]

t.test('each fault names file, line and key', async (t) => {
  for (const [yaml, ...faults] of FAULTS) {
    const found = faultsOf(yaml)
    t.equal(found.length, faults.length, JSON.stringify(found))
    t.match(found, faults)
  }
})

t.test('a token with a fault is not handed on', async (t) => {
  const yaml = `tokens:\n  - { token: short, scope: read }\n  - { token: ${TOKEN}, scope: read }\n`
  t.strictSame(parseFile('my.yaml', yaml).tokens, [{ token: TOKEN, scope: 'read', tenant: null }])
})
