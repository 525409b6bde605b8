import t, { type Test } from 'tap'
import {
  ADMIN_TOKEN,
  collectors,
  dataFolder,
  freePorts,
  type RunningCollector,
  untilStored,
} from '../helpers/collector'
import { type SpanInput, traces } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { exceptionEvent, fault } from '../translate/translated-errors'

t.setTimeout(180_000)

const PATIENCE_MS = 60_000
const ERRORS = '/api/v1/errors'
const HEALTH = '/api/admin/observability/health'
const INTERNAL = 1
const SERVER = 2
/** More than clocks are forgiven. */
const LATER_MS = 3_000

interface Group {
  readonly id: string
  readonly class: string
  readonly state: string
  readonly resolution: { readonly at: string } | null
}

for (const kind of ['now', 'next_release'] as const) {
  t.test(
    `resolved (${kind}), it comes back with the next release, and with nothing late`,
    async (t) => {
      const collector = await openCollector(t)
      const thrown = { name: 'PayError', place: 'pay', release: '1.0.0' }
      const beganMs = Date.now()
      await send(collector, thrown, beganMs)
      const { id } = await findGroup(collector, thrown.name)
      const { resolution } = await resolve(collector, id, kind)
      const resolvedMs = Date.parse(resolution!.at)

      await post(collector, { release: '1.1.0', spans: [request(Date.now())] })
      await send(collector, thrown, beganMs)
      await send(collector, thrown, resolvedMs - 60_000)
      // What still runs of the release it was resolved in.
      if (kind === 'next_release') await send(collector, thrown, resolvedMs + LATER_MS)
      await letJudge(collector)
      t.equal(await stateOf(collector, id), 'resolved')

      await send(collector, { ...thrown, release: '1.1.0' }, resolvedMs + 2 * LATER_MS)
      const isBack = async () => (await stateOf(collector, id)) === 'regressed'
      await until(isBack, PATIENCE_MS, 'a regression')
      const { history, group } = await readGroup(collector, id)
      t.strictSame(
        history.map(({ action }) => action).filter((action) => action !== 'released'),
        ['regressed', 'resolve', 'new'],
      )
      t.match(history[0], { actor: '', details: { reason: 'came_back', release: '1.1.0' } })
      t.match(group, { resolution: null, firstRelease: '1.0.0', lastRelease: '1.1.0' })
    },
  )
}

t.test(
  'unresolved errors turn health degraded, then critical, until they are resolved',
  async (t) => {
    const collector = await openCollector(t)
    const nowMs = Date.now()
    const spans = Array.from({ length: 40 }, () => request(nowMs))
    await post(collector, { release: '1.0.0', spans })
    const throwOf = (index: number) =>
      send(collector, { name: `Error${index}`, place: `place${index}`, release: '1.0.0' }, nowMs)
    const health = () => ask(collector, HEALTH)
    for (let index = 1; index <= 4; index++) await throwOf(index)
    t.match(await health(), { status: 'healthy', reasons: [], errors: { unresolvedErrors: 4 } })

    await throwOf(5)
    const degraded = '5 unresolved errors, degraded from 5'
    t.match(await health(), {
      status: 'degraded',
      reasons: [{ criterion: 'unresolved_errors', service: 'shop', message: `shop: ${degraded}` }],
      errors: { errorCount: 0, unresolvedErrors: 5 },
      services: [{ service: 'shop', status: 'degraded', reasons: [{ message: degraded }] }],
    })
    await throwOf(5)
    t.match(await health(), { errors: { unresolvedErrors: 5 } }, 'the same once more is no other')

    for (let index = 6; index <= 11; index++) await throwOf(index)
    const critical = 'shop: 11 unresolved errors, critical above 10'
    t.match(await health(), {
      status: 'critical',
      reasons: [{ criterion: 'unresolved_errors', service: 'shop', message: critical }],
    })

    const groups = await listGroups(collector)
    t.equal(groups.length, 11)
    for (const { id } of groups.slice(4)) await resolve(collector, id, 'now')
    t.match(await health(), { status: 'healthy', reasons: [], errors: { unresolvedErrors: 4 } })
  },
)

/** A collector on a database of its own. */
async function openCollector(t: Test): Promise<RunningCollector> {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const options = { databaseUrl: connectionString, otlpPort, apiPort, dataDir: dataFolder(t) }
  return collectors(t).start(options)
}

interface Thrown {
  readonly name: string
  readonly place: string
  readonly release: string
}

/** Sends a throw within a request, which itself does not fail. */
function send(collector: RunningCollector, { name, place, release }: Thrown, atMs: number) {
  const timeUnixNano = toNs(atMs)
  const event = { ...exceptionEvent(fault('no stock', place, name)), timeUnixNano }
  const work: SpanInput = {
    kind: INTERNAL,
    name: place,
    parentSpanId: '0102030405060708',
    startTimeUnixNano: timeUnixNano,
    endTimeUnixNano: timeUnixNano,
    status: { code: 2 },
    events: [event],
  }
  return post(collector, { release, spans: [work] })
}

function request(atMs: number): SpanInput {
  const startTimeUnixNano = toNs(atMs)
  return { name: 'POST /checkout', kind: SERVER, startTimeUnixNano }
}

/** Sends spans of the service `shop`; resolves when they are stored. */
async function post(
  collector: RunningCollector,
  { release, spans }: { release: string; spans: readonly SpanInput[] },
): Promise<void> {
  const resource = { attributes: { 'service.version': release } }
  const response = await fetch(`${collector.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(traces({ service: 'shop', resource, spans })),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  await untilStored(collector)
}

/** Until whatever was sent before has been judged: the second of two faults nobody knew is, and so is all that came with the first. */
async function letJudge(collector: RunningCollector): Promise<void> {
  for (const place of ['one', 'another']) {
    await send(collector, { name: place, place, release: '1.0.0' }, Date.now())
    const { id } = await findGroup(collector, place)
    const isJudged = async () =>
      (await readGroup(collector, id)).history.some(({ action }) => action === 'new')
    await until(isJudged, PATIENCE_MS, 'a judged fault')
  }
}

async function findGroup(collector: RunningCollector, name: string): Promise<Group> {
  const group = (await listGroups(collector)).find((one) => one.class === name)
  if (group === undefined) throw new Error(`no group of ${name}`)
  return group
}

async function listGroups(collector: RunningCollector): Promise<readonly Group[]> {
  const { errors } = await ask<{ errors: Group[] }>(collector, ERRORS)
  return errors
}

async function stateOf(collector: RunningCollector, id: string): Promise<string> {
  return (await readGroup(collector, id)).group.state
}

function readGroup(collector: RunningCollector, id: string) {
  return ask<{ group: Group; history: { action: string }[] }>(collector, `${ERRORS}/${id}`)
}

function resolve(collector: RunningCollector, id: string, kind: string): Promise<Group> {
  return ask<Group>(collector, `${ERRORS}/${id}/resolve`, { in: kind, by: 'ann' })
}

/** Asks, or with a body does something. */
async function ask<T>(collector: RunningCollector, path: string, body?: object): Promise<T> {
  const response = await fetch(`${collector.apiUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

function toNs(ms: number): bigint {
  return BigInt(ms) * 1_000_000n
}
