import t from 'tap'
import { containerId } from '../../instrumentation/process/container'
import {
  chooseAssembly,
  readPropagators,
  readSignals,
} from '../../instrumentation/process/environment'
import {
  readAttributeLimits,
  readBodyLimits,
  readMetricTimes,
  readSpanLimits,
} from '../../instrumentation/process/limits'
import { describeProcess, parseResourceAttributes } from '../../instrumentation/process/resource'
import { readSampler } from '../../instrumentation/process/sampler'

t.test('the environment says who assembles the SDK, and what asked for the full one', async (t) => {
  for (const [env, expected] of [
    [{}, { kind: 'lean' }],
    [{ OTEL_SDK_DISABLED: 'TRUE' }, { kind: 'none' }],
    [{ OTEL_TRACES_EXPORTER: 'none' }, { kind: 'lean' }],
    [
      { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
      { kind: 'none' },
    ],
    [{ OTEL_CONFIG_FILE: 'x.yaml' }, { kind: 'full', because: 'OTEL_CONFIG_FILE' }],
    [
      { OTEL_TRACES_EXPORTER: 'otlp, console' },
      { kind: 'full', because: 'OTEL_TRACES_EXPORTER=console' },
    ],
    [
      { OTEL_METRICS_EXPORTER: 'prometheus' },
      { kind: 'full', because: 'OTEL_METRICS_EXPORTER=prometheus' },
    ],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, { kind: 'full', because: 'grpc for traces' }],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
      { kind: 'full', because: 'grpc for metrics' },
    ],
    [
      { OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc', OTEL_METRICS_EXPORTER: 'none' },
      { kind: 'lean' },
    ],
    [{ OTEL_PROPAGATORS: 'tracecontext,b3' }, { kind: 'full', because: 'OTEL_PROPAGATORS=b3' }],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: '', OTEL_TRACES_EXPORTER: ' ' }, { kind: 'lean' }],
  ] as const) {
    t.same(chooseAssembly(env), expected, JSON.stringify(env))
  }
  t.same(readSignals({ OTEL_LOGS_EXPORTER: 'none' }), { traces: true, metrics: true, logs: false })
})

t.test('samplers are the six of the specification', async (t) => {
  for (const [name, expected] of [
    [undefined, 'ParentBased{root=AlwaysOnSampler'],
    ['always_on', 'AlwaysOnSampler'],
    ['always_off', 'AlwaysOffSampler'],
    ['traceidratio', 'TraceIdRatioBased{0.25}'],
    ['parentbased_always_on', 'ParentBased{root=AlwaysOnSampler'],
    ['parentbased_always_off', 'ParentBased{root=AlwaysOffSampler'],
    ['parentbased_traceidratio', 'ParentBased{root=TraceIdRatioBased{0.25}'],
  ] as const) {
    const sampler = readSampler({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0.25' })
    t.ok(sampler.toString().startsWith(expected), expected)
  }
})

t.test('limits of a signal win over those for all attributes', async (t) => {
  t.same(readSpanLimits({}), {})
  t.same(
    readSpanLimits({
      OTEL_ATTRIBUTE_COUNT_LIMIT: '9',
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '5',
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '100',
      OTEL_SPAN_EVENT_COUNT_LIMIT: '0',
      OTEL_SPAN_LINK_COUNT_LIMIT: '3',
      OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '2',
      OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '1',
    }),
    {
      attributeCountLimit: 5,
      attributeValueLengthLimit: 100,
      eventCountLimit: 0,
      linkCountLimit: 3,
      attributePerEventCountLimit: 2,
      attributePerLinkCountLimit: 1,
    },
  )
  t.same(
    readAttributeLimits('LOGRECORD', {
      OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '4',
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '7',
    }),
    { attributeCountLimit: 4, attributeValueLengthLimit: 7 },
  )
})

t.test('bodies are sealed and metrics read when the environment says', async (t) => {
  t.match(readBodyLimits('BSP', {}), { maxItems: 512, maxDelayMs: 1_000 })
  t.match(readBodyLimits('BLRP', {}), { maxItems: 2_048, maxDelayMs: 1_000 })
  t.match(
    readBodyLimits('BLRP', {
      OTEL_BLRP_SCHEDULE_DELAY: '50',
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '7',
    }),
    { maxItems: 7, maxDelayMs: 50 },
  )
  t.same(readMetricTimes({}), { intervalMs: 15_000, timeoutMs: 15_000 })
  t.same(readMetricTimes({ OTEL_METRIC_EXPORT_INTERVAL: '60000' }), {
    intervalMs: 60_000,
    timeoutMs: 30_000,
  })
})

t.test('propagators are those named', async (t) => {
  t.same([...readPropagators({})], ['tracecontext', 'baggage'])
  t.same([...readPropagators({ OTEL_PROPAGATORS: 'baggage' })], ['baggage'])
  t.same([...readPropagators({ OTEL_PROPAGATORS: 'tracecontext,none' })], [])
})

t.test('resource attributes are percent-decoded, and a bad pair costs itself only', async (t) => {
  t.same(parseResourceAttributes('a=1, b = x%2Cy ,c=%zz,=d,e,f=g=h,a=,i=,'), {
    a: '1',
    b: 'x,y',
    f: 'g=h',
  })
  t.same(parseResourceAttributes(undefined), {})
})

t.test('a pod is described by what Kubernetes and its operator tell', async (t) => {
  const application = {
    folder: '/app',
    root: '/app',
    name: undefined,
    version: undefined,
    isEsModule: false,
    dependencies: new Set<string>(),
  }
  const { attributes } = describeProcess(application, {
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    POD_NAME: 'till-1',
    OTEL_RESOURCE_ATTRIBUTES_NODE_NAME: 'node-7',
    OTEL_RESOURCE_ATTRIBUTES: 'service.version=9',
  })
  t.match(attributes, {
    'service.name': 'unknown_service:node',
    'service.version': '9',
    'k8s.pod.name': 'till-1',
    'k8s.node.name': 'node-7',
  })
  t.notOk(
    'k8s.pod.name' in describeProcess(application, { POD_NAME: 'x' }).attributes,
    'outside of a cluster it may mean anything',
  )
  const none = describeProcess(application, {
    OTEL_NODE_RESOURCE_DETECTORS: 'none',
    OTEL_SERVICE_NAME: 'till',
  }).attributes
  t.equal(none['service.name'], 'till')
  t.notOk('process.pid' in none)
})

t.test('the id of a container is found in control groups and mounts', async (t) => {
  const id = '0123456789abcdef'.repeat(4)
  for (const [cgroup, mountinfo, expected] of [
    [`12:memory:/kubepods/burstable/pod1/${id}\n`, '', id],
    [`0::/system.slice/docker-${id}.scope\n`, '', id],
    [
      '0::/\n',
      `1 2 0:3 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda rw\n`,
      id,
    ],
    ['0::/\n', '', undefined],
    ['0::/user.slice\n', `1 2 0:3 /layers/${id}/merged / rw - overlay overlay rw\n`, undefined],
  ] as const) {
    t.equal(
      containerId((path) => (path.endsWith('cgroup') ? cgroup : mountinfo)),
      expected,
    )
  }
})
