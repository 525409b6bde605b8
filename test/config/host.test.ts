import t from 'tap'
import { ConfigError, loadConfig } from '../../collector/config'
import { KEYS } from '../../collector/config/keys'

t.test('host metrics are on, every 15 s, unless somebody says otherwise', async (t) => {
  const { hostMetrics, hostMetricsIntervalMs, resourceAttributes } = loadConfig({})
  t.strictSame([hostMetrics, hostMetricsIntervalMs, resourceAttributes], ['on', 15_000, {}])
  const chosen = loadConfig({
    SIDELIGHT_HOST_METRICS: 'off',
    SIDELIGHT_HOST_METRICS_INTERVAL_MS: '1000',
  })
  t.strictSame([chosen.hostMetrics, chosen.hostMetricsIntervalMs], ['off', 1000])
})

t.test('they can be chosen in the file', async (t) => {
  const yaml =
    'host_metrics:\n  enabled: off\n  interval_ms: 60000\n  resource: [k8s.pod.name=a, x=b]\n'
  const config = loadConfig({ SIDELIGHT_CONFIG: 'a.yaml' }, { readFile: () => yaml })
  t.strictSame([config.hostMetrics, config.hostMetricsIntervalMs], ['off', 60_000])
  t.strictSame(config.resourceAttributes, { 'k8s.pod.name': 'a', x: 'b' })
})

t.test('resource attributes are percent-decoded, and shown as they may be written', async (t) => {
  const text = 'k8s.pod.name=web-1 , team=a%2Cb%3Dc,city=K%C3%B6ln,empty='
  const { resourceAttributes } = loadConfig({ OTEL_RESOURCE_ATTRIBUTES: text })
  t.strictSame(resourceAttributes, {
    'k8s.pod.name': 'web-1',
    team: 'a,b=c',
    city: 'Köln',
    empty: '',
  })
  const { type } = KEYS.resourceAttributes
  t.equal(
    type.format(resourceAttributes),
    'k8s.pod.name=web-1,team=a%2Cb%3Dc,city=K%C3%B6ln,empty=',
  )
  t.strictSame(type.parse(type.format(resourceAttributes)), resourceAttributes)
})

const FAULTS: [string, string, string][] = [
  ['SIDELIGHT_HOST_METRICS', 'yes', '"yes" is unknown'],
  ['SIDELIGHT_HOST_METRICS_INTERVAL_MS', '999', 'too small'],
]

for (const [name, value, problem] of FAULTS) {
  t.test(`${name}=${value} is refused`, async (t) => {
    try {
      loadConfig({ [name]: value })
      t.fail('it was taken')
    } catch (error) {
      t.ok(error instanceof ConfigError && error.message.includes(problem), String(error))
    }
  })
}

const PASSED_OVER: [string, string][] = [
  ['a=b,c', 'entry 2 of 2 is not one key=value'],
  ['a=b=c', 'entry 1 of 1 is not one key=value'],
  ['=b', 'entry 1 of 1 has no key'],
  ['a=%ff', 'entry 1 of 1 is not percent-encoded UTF-8'],
  ['a=b,', 'entry 2 of 2 is empty'],
]

for (const [value, problem] of PASSED_OVER) {
  t.test(`OTEL_RESOURCE_ATTRIBUTES=${value} is ignored as a whole, with a warning`, async (t) => {
    const { resourceAttributes, warnings, texts } = loadConfig({ OTEL_RESOURCE_ATTRIBUTES: value })
    t.strictSame(resourceAttributes, {})
    t.match(warnings, [`OTEL_RESOURCE_ATTRIBUTES is ignored: ${problem}; allowed: key=value`])
    t.match(texts.get('resourceAttributes'), { text: '', source: 'default' })
  })
}

t.test('what the file says then stands, and is refused where it is wrong itself', async (t) => {
  const load = (resource: string) =>
    loadConfig(
      { SIDELIGHT_CONFIG: 'a.yaml', OTEL_RESOURCE_ATTRIBUTES: 'a' },
      { readFile: () => `host_metrics:\n  resource: [${resource}]\n` },
    )
  const { resourceAttributes, warnings } = load('x=b')
  t.strictSame([resourceAttributes, warnings.length], [{ x: 'b' }, 1])
  t.throws(() => load('x'), /host_metrics\.resource=x: entry 1 of 1 is not one key=value/)
})
