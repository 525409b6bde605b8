import type { Random } from '../helpers/random'
import {
  attributes,
  DOUBLES,
  INTEGERS,
  many,
  type Message,
  resource,
  scope,
  some,
  STRINGS,
  time,
} from './trace-generator'

export { RECEIVED_MS } from './trace-generator'

const COUNTS = ['0', '0', '1', '127', '128', '4294967295', '4294967296', '9007199254740993']
const TOO_MANY = ['9223372036854775808', '18446744073709551615']
const FLAGS = [0, 1, 2, 0xffff_ffff]
const TEMPORALITIES = [1, 2, 1, 2, 1, 2, 0, 3, -1]
const LARGEST_COUNT = 2n ** 63n - 1n
const INT32 = [0, 1, -1, 63, -64, 64, 2_147_483_647, -2_147_483_648]

/** An ExportMetricsServiceRequest as protobufjs takes it, of everything the messages can hold; rarely against the rules. */
export function generateRequest(random: Random): Message {
  return {
    resourceMetrics: many(random, 3, () =>
      some(random, {
        resource: () => resource(random),
        scopeMetrics: () => many(random, 3, () => scopeMetrics(random)),
        schemaUrl: () => random.pick(STRINGS),
      }),
    ),
  }
}

function scopeMetrics(random: Random): Message {
  return some(random, {
    scope: () => scope(random),
    metrics: () => many(random, 5, () => metric(random)),
    schemaUrl: () => random.pick(STRINGS),
  })
}

function metric(random: Random): Message {
  const about = some(random, {
    name: () => random.pick(STRINGS),
    description: () => random.pick(STRINGS),
    unit: () => random.pick(STRINGS),
    metadata: () => attributes(random),
  })
  const aggregationTemporality = () => random.pick(TEMPORALITIES)
  switch (random.below(6)) {
    case 0:
      return about
    case 1:
      return { ...about, gauge: data(random, number) }
    case 2: {
      const said = some(random, { aggregationTemporality, isMonotonic: () => random.chance(0.5) })
      return { ...about, sum: { ...data(random, number), ...said } }
    }
    case 3: {
      const said = { aggregationTemporality: aggregationTemporality() }
      return { ...about, histogram: { ...data(random, histogram), ...said } }
    }
    case 4: {
      const said = { aggregationTemporality: aggregationTemporality() }
      return { ...about, exponentialHistogram: { ...data(random, exponential), ...said } }
    }
    default:
      return { ...about, summary: data(random, summary) }
  }
}

function data(random: Random, make: (random: Random) => Message): Message {
  const attributes = many(random, 4, () => labels(random))
  return {
    dataPoints: many(random, 6, () => {
      const point = { ...common(random), ...make(random) }
      // Most series have several data points.
      const isKnown = attributes.length > 0 && random.chance(0.7)
      return isKnown ? { ...point, attributes: random.pick(attributes) } : point
    }),
  }
}

function labels(random: Random): Message[] {
  return attributes(random)
}

function common(random: Random): Message {
  return {
    timeUnixNano: time(random),
    ...some(random, {
      startTimeUnixNano: () => random.pick([time(random), '0', '1', '18446744073709551615']),
      attributes: () => labels(random),
      flags: () => random.pick(FLAGS),
    }),
  }
}

function number(random: Random): Message {
  return {
    ...some(random, { exemplars: () => many(random, 3, () => exemplar(random)) }),
    ...(random.chance(0.95) ? numberValue(random) : {}),
  }
}

function numberValue(random: Random): Message {
  return random.chance(0.5) ? { asDouble: random.pick(DOUBLES) } : { asInt: random.pick(INTEGERS) }
}

function exemplar(random: Random): Message {
  return {
    ...some(random, {
      filteredAttributes: () => attributes(random),
      timeUnixNano: () => time(random),
      spanId: () => random.bytes(random.pick([0, 8, 3])),
      traceId: () => random.bytes(random.pick([0, 16, 20])),
    }),
    ...(random.chance(0.8) ? numberValue(random) : {}),
  }
}

function optionals(random: Random): Message {
  return some(random, {
    sum: () => random.pick(DOUBLES),
    min: () => random.pick(DOUBLES),
    max: () => random.pick(DOUBLES),
    exemplars: () => many(random, 3, () => exemplar(random)),
  })
}

function histogram(random: Random): Message {
  const bucketCounts = random.chance(0.8) ? counts(random, 1 + random.below(6)) : []
  const hasFewer = random.chance(0.05)
  const bounds = Array.from(
    { length: Math.max(0, bucketCounts.length - (hasFewer ? 2 : 1)) },
    (_, index) => (random.chance(0.02) ? Number.NaN : -5 + index * random.pick([0.1, 5, 1e9])),
  )
  return {
    ...optionals(random),
    count: total(random, bucketCounts),
    bucketCounts,
    explicitBounds: bounds.sort((a, b) => a - b),
  }
}

function exponential(random: Random): Message {
  const positive = random.chance(0.8) ? buckets(random) : undefined
  const negative = random.chance(0.5) ? buckets(random) : undefined
  const zeroCount = random.pick(COUNTS)
  const all = [zeroCount, ...(positive?.bucketCounts ?? []), ...(negative?.bucketCounts ?? [])]
  return {
    ...optionals(random),
    ...some(random, {
      scale: () => random.pick(INT32),
      zeroThreshold: () => random.pick(DOUBLES),
    }),
    ...(zeroCount === '0' && random.chance(0.5) ? {} : { zeroCount }),
    ...(positive === undefined ? {} : { positive }),
    ...(negative === undefined ? {} : { negative }),
    count: total(random, all),
  }
}

function buckets(random: Random): Message & { bucketCounts: string[] } {
  return {
    ...some(random, { offset: () => random.pick(INT32) }),
    bucketCounts: counts(random, random.below(8)),
  }
}

function summary(random: Random): Message {
  return some(random, {
    count: () => random.pick([...COUNTS, ...TOO_MANY]),
    sum: () => random.pick(DOUBLES),
    quantileValues: () =>
      many(random, 4, () =>
        some(random, {
          quantile: () =>
            random.chance(0.95) ? random.pick([0, 0.5, 0.99, 1]) : random.pick([1.01, -1, NaN]),
          value: () => random.pick(DOUBLES),
        }),
      ),
  })
}

function counts(random: Random, length: number): string[] {
  return Array.from({ length }, () =>
    random.pick(random.chance(0.005) ? [...TOO_MANY, String(LARGEST_COUNT)] : COUNTS),
  )
}

/** As a rule the sum, which may not fit 64 bits. */
function total(random: Random, counts: readonly string[]): string {
  if (counts.length === 0 || random.chance(0.05)) return random.pick(COUNTS)
  return String(
    BigInt.asUintN(
      64,
      counts.reduce((sum, count) => sum + BigInt(count), 0n),
    ),
  )
}
