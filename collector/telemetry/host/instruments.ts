/** The version of the semantic conventions that the names are those of. */
export const SEMANTIC_CONVENTIONS = 'https://opentelemetry.io/schemas/1.44.0'

/** A metric, but for its values. */
export interface Instrument {
  readonly kind: 'counter' | 'upDownCounter' | 'gauge'
  /** How its values are sent: as sfixed64 or as double. */
  readonly number: 'int' | 'double'
  readonly unit: string
  readonly description: string
}

/** Every metric of the machine and of the container, by its name. */
export const INSTRUMENTS = {
  'system.uptime': gauge('s', 'Time since the machine was started'),
  'system.cpu.logical.count': amount('{cpu}', 'Logical CPUs in use'),
  'system.cpu.time': counter('double', 's', 'What all CPUs together spent their time with'),
  'system.cpu.utilization': gauge('1', 'Share of the time of all CPUs since the last reading'),
  // The semantic conventions have no load average; the Collector's receiver of host metrics has these.
  'system.cpu.load_average.1m': gauge('{thread}', 'Threads that ran or waited, over 1 minute'),
  'system.cpu.load_average.5m': gauge('{thread}', 'Threads that ran or waited, over 5 minutes'),
  'system.cpu.load_average.15m': gauge('{thread}', 'Threads that ran or waited, over 15 minutes'),
  'system.memory.usage': amount('By', 'Memory by state; the states add up to the limit'),
  'system.memory.utilization': gauge('1', 'Share of the memory by state'),
  'system.memory.limit': amount('By', 'Memory of the machine'),
  'system.memory.linux.available': amount('By', 'Memory a new program could have, without swap'),
  'system.paging.usage': amount('By', 'Swap space by state'),
  'system.paging.utilization': gauge('1', 'Share of the swap space by state'),
  'system.disk.io': counter('int', 'By', 'Bytes read from and written to a disk'),
  'system.disk.operations': counter('int', '{operation}', 'Reads and writes of a disk'),
  'system.disk.io_time': counter('double', 's', 'Time a disk had anything to do'),
  'system.filesystem.usage': amount(
    'By',
    'Room of a filesystem by state; they add up to its limit',
  ),
  'system.filesystem.utilization': gauge('1', 'Share of the room of a filesystem by state'),
  'system.filesystem.limit': amount('By', 'Room of a filesystem'),
  'system.network.io': counter('int', 'By', 'Bytes through an interface'),
  'system.network.packet.count': counter('int', '{packet}', 'Packets through an interface'),
  'system.network.packet.dropped': counter('int', '{packet}', 'Packets dropped without an error'),
  'system.network.errors': counter('int', '{error}', 'Errors of an interface'),
  'container.uptime': gauge('s', 'Time since the first process of the container was started'),
  'container.cpu.time': counter('double', 's', 'What the container spent its CPU time with'),
  'container.cpu.usage': gauge('{cpu}', 'CPUs the container used since the last reading'),
  'container.memory.usage': amount('By', 'Memory of the container, file cache included'),
  'container.memory.working_set': amount('By', 'The same without file cache that can be dropped'),
  'container.memory.rss': amount('By', 'Memory of the container that is no file'),
  'container.memory.available': amount('By', 'What the working set is below its limit'),
  'container.disk.io': counter('int', 'By', 'Bytes the container read from and wrote to a disk'),
  'container.network.io': counter('int', 'By', 'Bytes through an interface of the container'),
} as const satisfies Readonly<Record<string, Instrument>>

export type MetricName = keyof typeof INSTRUMENTS

/** A value of a metric. */
export interface Point {
  readonly value: number
  readonly attributes: Readonly<Record<string, string>>
}

/** The values of metrics at one moment. */
export type Metrics = Partial<Readonly<Record<MetricName, readonly Point[]>>>

export function point(value: number, attributes: Point['attributes'] = {}): Point {
  return { value, attributes }
}

function counter(number: Instrument['number'], unit: string, description: string): Instrument {
  return { kind: 'counter', number, unit, description }
}

function amount(unit: string, description: string): Instrument {
  return { kind: 'upDownCounter', number: 'int', unit, description }
}

function gauge(unit: string, description: string): Instrument {
  return { kind: 'gauge', number: 'double', unit, description }
}
