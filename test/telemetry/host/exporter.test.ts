import t from 'tap'
import { HostExporter } from '../../../collector/telemetry/host/exporter'
import { INSTRUMENTS } from '../../../collector/telemetry/host/instruments'
import { createHostReader, type HostReading } from '../../../collector/telemetry/host/reader'
import { attributesOf, decodeExport, metricsOf, pointsOf, valuesOf } from './decode'
import { filesOf, type Machine, statfsOfAll } from './fixture'

const START = { unixMs: 1_790_250_123_000, monotonicMs: 5_000 }
const LATER = { unixMs: START.unixMs + 15_000, monotonicMs: START.monotonicMs + 15_000 }
const RESOURCE = { 'service.name': 'sidelight', 'host.name': 'web-1' }

const read = (machine: Machine) =>
  createHostReader({
    dataDir: '/data',
    leftOut: () => undefined,
    files: filesOf(machine),
    statfs: statfsOfAll,
  })()

/** The same machine 15 s later: both CPUs' worth of time went by. */
function later(reading: HostReading): HostReading {
  const { cpu, container } = reading
  if (cpu === null || container === null || container.cpu === null) throw new Error('no CPU')
  const { user, system, idle } = cpu.seconds
  const seconds = { ...cpu.seconds, user: user + 15, system: system + 3, idle: idle + 42 }
  const { userSeconds, systemSeconds } = container.cpu
  return {
    ...reading,
    cpu: { ...cpu, seconds },
    container: {
      ...container,
      cpu: { userSeconds: userSeconds + 7.5, systemSeconds: systemSeconds + 1.5 },
    },
  }
}

async function exportTwice(machine: Machine): Promise<Buffer> {
  const reading = await read(machine)
  const exporter = new HostExporter(RESOURCE, '1.2.3')
  exporter.encode(reading, START)
  return exporter.encode(later(reading), LATER)
}

t.test('an export says whose it is and in which version of the conventions', async (t) => {
  const { resource, schemaUrl, scopeMetrics } = decodeExport(await exportTwice('container-v2'))
  t.strictSame(attributesOf(resource.attributes), RESOURCE)
  t.equal(schemaUrl, 'https://opentelemetry.io/schemas/1.44.0')
  t.equal(scopeMetrics.length, 1)
  t.match(scopeMetrics[0], { scope: { name: 'sidelight.host', version: '1.2.3' }, schemaUrl })
})

t.test('a container exports every metric, each of its kind and unit', async (t) => {
  const metrics = metricsOf(await exportTwice('container-v2'))
  t.strictSame(metrics.map(({ name }) => name).sort(), Object.keys(INSTRUMENTS).sort())
  for (const metric of metrics) {
    const { kind, unit, number, description } = INSTRUMENTS[metric.name as keyof typeof INSTRUMENTS]
    t.equal(metric.unit, unit, metric.name)
    t.equal(metric.description, description, metric.name)
    t.equal(metric.gauge === undefined, kind !== 'gauge', metric.name)
    if (kind !== 'gauge') t.equal(metric.sum?.aggregationTemporality, 2, metric.name)
    t.equal(metric.sum?.isMonotonic ?? false, kind === 'counter', metric.name)
    for (const { asInt, asDouble } of pointsOf(metric)) {
      t.equal(asInt !== undefined, number === 'int', metric.name)
      t.equal(asDouble !== undefined, number === 'double', metric.name)
    }
  }
})

t.test('the kinds, numbers and units are those of the semantic conventions', async (t) => {
  const of = (name: keyof typeof INSTRUMENTS) => {
    const { kind, number, unit } = INSTRUMENTS[name]
    return `${kind} ${number} ${unit}`
  }
  t.equal(of('system.cpu.time'), 'counter double s')
  t.equal(of('system.cpu.utilization'), 'gauge double 1')
  t.equal(of('system.cpu.logical.count'), 'upDownCounter int {cpu}')
  t.equal(of('system.memory.usage'), 'upDownCounter int By')
  t.equal(of('system.disk.io'), 'counter int By')
  t.equal(of('system.disk.io_time'), 'counter double s')
  t.equal(of('system.filesystem.usage'), 'upDownCounter int By')
  t.equal(of('system.network.packet.count'), 'counter int {packet}')
  t.equal(of('container.cpu.usage'), 'gauge double {cpu}')
  t.equal(of('container.memory.working_set'), 'upDownCounter int By')
})

const KIB = 1024
const VALUES: [string, Record<string, string | number>][] = [
  ['system.uptime', { '': 250_123.45 }],
  ['system.cpu.logical.count', { '': '4' }],
  [
    'system.cpu.time',
    {
      user: 12_360.67,
      nice: 23.45,
      system: 3459.78,
      idle: 987_696.32,
      iowait: 456.78,
      interrupt: 123.45,
      steal: 6.78,
    },
  ],
  ['system.cpu.load_average.5m', { '': 1.25 }],
  [
    'system.memory.usage',
    {
      used: String(12_288_000 * KIB),
      free: String(2_048_000 * KIB),
      buffers: String(512_000 * KIB),
      cached: String(17_920_000 * KIB),
    },
  ],
  ['system.memory.utilization', { used: 0.375, free: 0.0625, buffers: 0.015625, cached: 0.546875 }],
  ['system.memory.limit', { '': String(32_768_000 * KIB) }],
  ['system.memory.linux.available', { '': String(20_480_000 * KIB) }],
  ['system.paging.usage', { used: String(262_144 * KIB), free: String(8_126_464 * KIB) }],
  ['system.paging.utilization', { used: 0.03125, free: 0.96875 }],
  [
    'system.filesystem.usage',
    {
      '/dev/mapper/vg0-root /data ext4 rw used': String(700 * 4096),
      '/dev/mapper/vg0-root /data ext4 rw free': String(250 * 4096),
      '/dev/mapper/vg0-root /data ext4 rw reserved': String(50 * 4096),
      'overlay / overlay rw used': String(700 * 4096),
      'overlay / overlay rw free': String(250 * 4096),
      'overlay / overlay rw reserved': String(50 * 4096),
    },
  ],
  ['system.network.io', { 'eth0 receive': '1500000', 'eth0 transmit': '900000' }],
  ['system.network.packet.count', { 'eth0 receive': '1200', 'eth0 transmit': '1000' }],
  ['system.network.packet.dropped', { 'eth0 receive': '1', 'eth0 transmit': '0' }],
  ['container.uptime', { '': 250_123.45 - 240_123.45 }],
  ['container.cpu.time', { user: 13.512345, system: 3 }],
  ['container.cpu.usage', { user: 0.5, system: 0.1 }],
  ['container.memory.usage', { '': '104857600' }],
  ['container.memory.working_set', { '': '83886080' }],
  ['container.memory.rss', { '': '62914560' }],
  ['container.memory.available', { '': '50331648' }],
  ['container.disk.io', { 'nvme0n1 read': '4096', 'nvme0n1 write': '8192' }],
  ['container.network.io', { 'eth0 receive': '1500000', 'eth0 transmit': '900000' }],
]

t.test('a container exports what its files say', async (t) => {
  const body = await exportTwice('container-v2')
  for (const [name, expected] of VALUES) t.strictSame(valuesOf(body, name), expected, name)
  const shares = valuesOf(body, 'system.cpu.utilization')
  const rounded = Object.entries(shares).map(([mode, share]) => [mode, Number(share).toFixed(6)])
  t.match(Object.fromEntries(rounded), { user: '0.250000', system: '0.050000', idle: '0.700000' })
  t.match(valuesOf(body, 'system.disk.io'), {
    'nvme0n1 read': String(98_765_432 * 512),
    'sdp write': '4096',
  })
})

t.test('attributes are named as in the semantic conventions', async (t) => {
  const keys = new Map(
    metricsOf(await exportTwice('container-v2')).map((metric) => [
      metric.name,
      Object.keys(attributesOf(pointsOf(metric)[0]?.attributes)).join(),
    ]),
  )
  t.equal(keys.get('system.cpu.time'), 'cpu.mode')
  t.equal(keys.get('system.memory.usage'), 'system.memory.state')
  t.equal(keys.get('system.paging.usage'), 'system.paging.state')
  t.equal(keys.get('system.disk.io'), 'system.device,disk.io.direction')
  t.equal(
    keys.get('system.filesystem.utilization'),
    'system.device,system.filesystem.mountpoint,system.filesystem.type,system.filesystem.mode,system.filesystem.state',
  )
  t.equal(keys.get('system.network.io'), 'network.interface.name,network.io.direction')
  t.equal(keys.get('system.network.packet.count'), 'system.device,network.io.direction')
  t.equal(keys.get('container.cpu.time'), 'cpu.mode')
  t.equal(keys.get('container.disk.io'), 'system.device,disk.io.direction')
  t.equal(keys.get('container.network.io'), 'network.interface.name,network.io.direction')
})

t.test('sums began with the machine or the container, and every point has its time', async (t) => {
  for (const metric of metricsOf(await exportTwice('container-v2'))) {
    const began = metric.name.startsWith('system.')
      ? '1790000000000000000'
      : `${START.unixMs - 10_000_000}000000`
    for (const { timeUnixNano, startTimeUnixNano } of pointsOf(metric)) {
      t.equal(timeUnixNano, `${LATER.unixMs}000000`, metric.name)
      t.equal(startTimeUnixNano, metric.sum ? began : undefined, metric.name)
    }
  }
})

t.test(
  'a service without a process 1 of its own has no network, no uptime and no start',
  async (t) => {
    const metrics = new Map(
      metricsOf(await exportTwice('server')).map((metric) => [metric.name, metric]),
    )
    t.notOk(metrics.has('container.network.io') || metrics.has('container.uptime'))
    // No limit, nothing that could be left of it.
    t.notOk(metrics.has('container.memory.available'))
    const usage = metrics.get('container.memory.usage')
    t.equal(usage && pointsOf(usage)[0]?.startTimeUnixNano, undefined)
  },
)

t.test('an export without one before it has no shares of CPU time', async (t) => {
  const exporter = new HostExporter(RESOURCE, '1.2.3')
  const names = metricsOf(exporter.encode(await read('container-v2'), START)).map(
    ({ name }) => name,
  )
  t.notOk(names.includes('system.cpu.utilization') || names.includes('container.cpu.usage'))
  t.ok(names.includes('system.cpu.time') && names.includes('container.cpu.time'))
})

t.test(
  'after a counter began again it has a new start, and its CPUs are left out once',
  async (t) => {
    const reading = await read('container-v2')
    const exporter = new HostExporter(RESOURCE, '1.2.3')
    exporter.encode(later(reading), START)
    const body = exporter.encode(reading, LATER)
    t.strictSame(valuesOf(body, 'container.cpu.usage'), {})
    t.strictSame(valuesOf(body, 'system.cpu.utilization'), {})
    const time = metricsOf(body).find(({ name }) => name === 'container.cpu.time')
    t.strictSame(
      (time ? pointsOf(time) : []).map(({ startTimeUnixNano }) => startTimeUnixNano),
      Array(2).fill(`${START.unixMs}000000`),
    )
  },
)

t.test('whole numbers are exact up to 2^53, and text of any language is kept', async (t) => {
  const reading = await read('container-v2')
  const [eth0] = reading.interfaces ?? []
  if (eth0 === undefined) throw new Error('no interface')
  const receive = { ...eth0.receive, bytes: Number.MAX_SAFE_INTEGER, packets: 2 ** 32 + 5 }
  const exporter = new HostExporter({ 'host.name': 'Кухня'.repeat(40) }, '1.2.3')
  const body = exporter.encode({ ...reading, interfaces: [{ ...eth0, receive }] }, START)
  t.match(valuesOf(body, 'system.network.io'), { 'eth0 receive': '9007199254740991' })
  t.match(valuesOf(body, 'system.network.packet.count'), { 'eth0 receive': '4294967301' })
  t.strictSame(attributesOf(decodeExport(body).resource.attributes), {
    'host.name': 'Кухня'.repeat(40),
  })
})
