import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ExportLogsServiceRequest, ExportTraceServiceRequest } from '../helpers/otlp'
import { APPS, BOOTSTRAP, launch } from './application'
import {
  decode,
  logsOf,
  type ReceivedLog,
  type ReceivedSpan,
  spansOf,
  startReceiver,
} from './receiver'

t.setTimeout(240_000)

interface Case {
  readonly ways: readonly string[]
  readonly mode?: string
  readonly code: number
  /** Of the record; undefined when nothing is to be recorded. */
  readonly told:
    { severity: number; mechanism: string; type?: string; message?: string } | undefined
  /** How many exceptions the span has, and whether it has ended as failed. */
  readonly span: { readonly events: number; readonly isFailed: boolean } | undefined
}

const FATAL = 21
const ERROR = 17
const thrown = { mechanism: 'uncaughtException', type: 'TypeError', message: 'cannot go on' }
const rejected = { ...thrown, mechanism: 'unhandledRejection' }
const failed = { events: 1, isFailed: true }

const cases: Case[] = [
  { ways: [], code: 1, told: { severity: FATAL, ...thrown }, span: failed },
  { ways: ['rejects'], code: 1, told: { severity: FATAL, ...rejected }, span: failed },
  {
    ways: ['text'],
    code: 1,
    told: { severity: FATAL, mechanism: 'uncaughtException', message: 'no more' },
    span: failed,
  },
  { ways: ['caught'], code: 0, told: { severity: ERROR, ...thrown }, span: undefined },
  { ways: ['rejects', 'listens'], code: 0, told: undefined, span: undefined },
  {
    ways: ['rejects'],
    mode: 'warn',
    code: 0,
    told: { severity: ERROR, ...rejected },
    span: undefined,
  },
  {
    ways: ['rejects'],
    mode: 'none',
    code: 0,
    told: { severity: ERROR, ...rejected },
    span: undefined,
  },
  {
    ways: ['rejects'],
    mode: 'strict',
    code: 1,
    told: { severity: FATAL, ...rejected },
    span: failed,
  },
  {
    ways: ['rejects', 'listens'],
    mode: 'strict',
    code: 1,
    told: { severity: FATAL, ...rejected },
    span: failed,
  },
  { ways: ['worker'], code: 0, told: { severity: FATAL, ...thrown }, span: failed },
]

for (const { ways, mode, code, told, span } of cases) {
  const flags = mode === undefined ? [] : [`--unhandled-rejections=${mode}`]
  const name = [...flags, ...ways].join(' ') || 'an exception'
  t.test(`${name}: recorded, and nothing else is different`, async (t) => {
    const { traced, plain, logs, spans } = await compared(t, ways, flags)
    t.equal(plain.code, code)
    t.equal(traced.code, plain.code)
    t.equal(traced.signal, plain.signal)
    t.equal(traced.stdout, plain.stdout)
    t.equal(withoutOurs(traced.stderr), withoutOurs(plain.stderr))
    const records = logs.filter(({ scope }) => scope === 'sidelight/process')
    t.equal(records.length, told === undefined ? 0 : 1)
    if (told !== undefined) {
      t.match(records[0], {
        severityNumber: told.severity,
        eventName: 'exception',
        body: told.message,
        traceId: /^[0-9a-f]{32}$/,
        spanId: /^[0-9a-f]{16}$/,
        attributes: { 'exception.message': told.message, 'exception.mechanism': told.mechanism },
      })
      t.equal(records[0]?.attributes['exception.type'], told.type)
      if (told.type !== undefined) {
        const stack = String(records[0]?.attributes['exception.stacktrace'])
        t.match(stack, /^TypeError: cannot go on\n {4}at [^]*\ncaused by: Error: out of stock\n/)
      }
    }
    const work = spans.filter(({ name }) => name === 'work')
    t.equal(work.length, span === undefined ? 0 : 1, 'a span that is lost otherwise')
    if (span === undefined) return
    t.equal(work[0]?.events.length, span.events)
    t.equal(work[0]?.status.code === 2, span.isFailed)
    t.equal(work[0]?.spanId, records[0]?.spanId)
    t.same(work[0]?.events[0]?.attributes, records[0]?.attributes, 'both say the same')
  })
}

async function compared(t: Test, ways: readonly string[], flags: readonly string[]) {
  const receiver = await startReceiver(t)
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-handover-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'console',
    SIDELIGHT_HANDOVER_DIR: folder,
  }
  const file = join(APPS, 'uncaught.cjs')
  const traced = await launch(t, file, {
    flags: [...flags, '--require', BOOTSTRAP],
    args: ways,
    env,
  }).ended
  const plain = await launch(t, file, { flags, args: ways }).ended
  const left = handedOver(folder)
  return {
    traced,
    plain,
    logs: [...receiver.logs, ...left.logs],
    spans: [...receiver.spans, ...left.spans],
  }
}

/** What a process that had no time to send it has left: a line of text, then the body. */
function handedOver(folder: string): { logs: ReceivedLog[]; spans: ReceivedSpan[] } {
  const logs: ReceivedLog[] = []
  const spans: ReceivedSpan[] = []
  for (const name of readdirSync(folder)) {
    const file = readFileSync(join(folder, name))
    const body = file.subarray(file.indexOf('\n') + 1)
    if (name.startsWith('logs-')) logs.push(...logsOf(decode(body, '', ExportLogsServiceRequest)))
    if (name.startsWith('traces-')) {
      spans.push(...spansOf(decode(body, '', ExportTraceServiceRequest)))
    }
  }
  return { logs, spans }
}

/** Process ids, and the frames of an application that is started by a preload, in a span. */
function withoutOurs(text: string): string {
  return text
    .replaceAll(/\n {2,}(?:at|\.\.\. \d+ lines matching) .*/g, '')
    .replaceAll(/\(node:\d+\)/g, '')
}
