import type { ResultColumn, ResultSink } from '../store/console'
import type { Output } from './output'

export type Format = 'table' | 'json' | 'csv'

/** Rows looked at before the widths of a table are settled. */
const ROWS_FOR_WIDTHS = 1_000

/** Writes results: as an aligned table with a count, as one JSON object a row, or as CSV. */
export function createResultSink(format: Format, output: Output): ResultSink {
  switch (format) {
    case 'table':
      return new TableSink(output)
    case 'json':
      return createJsonSink(output)
    case 'csv':
      return createCsvSink(output)
  }
}

class TableSink implements ResultSink {
  readonly #output: Output
  #columns: readonly ResultColumn[] | null = null
  #waiting: string[][] = []
  #widths: readonly number[] | null = null

  constructor(output: Output) {
    this.#output = output
  }

  columns(columns: readonly ResultColumn[]): void {
    this.#columns = columns
    this.#waiting = []
    this.#widths = null
  }

  row(values: readonly (string | null)[]): void | Promise<void> {
    const cells = values.map((value) => (value === null ? 'null' : showControls(value)))
    if (this.#widths !== null) return this.#output.write(this.#formatRow(cells, this.#widths))
    this.#waiting.push(cells)
    return this.#waiting.length < ROWS_FOR_WIDTHS ? undefined : this.#settle()
  }

  data(chunk: Buffer): void | Promise<void> {
    return this.#output.write(chunk)
  }

  complete(tag: string): void | Promise<void> {
    if (this.#columns === null) return tag === '' ? undefined : this.#output.write(`${tag}\n`)
    if (this.#widths === null) void this.#settle()
    this.#columns = null
    const count = Number(tag.split(' ').at(-1))
    const counted = Number.isNaN(count) ? tag : `(${count} ${count === 1 ? 'row' : 'rows'})`
    return this.#output.write(`${counted}\n`)
  }

  #settle(): void | Promise<void> {
    const columns = this.#columns ?? []
    const names = columns.map(({ name }) => showControls(name))
    const widths = names.map((name, index) =>
      this.#waiting.reduce(
        (width, row) => Math.max(width, widthOf(row[index] ?? '')),
        widthOf(name),
      ),
    )
    const lines = [
      `${names
        .map((name, index) => pad(name, widths[index] ?? 0, false))
        .join(' | ')
        .trimEnd()}\n`,
      `${widths.map((width) => '-'.repeat(width)).join('-+-')}\n`,
      ...this.#waiting.map((row) => this.#formatRow(row, widths)),
    ]
    this.#waiting = []
    this.#widths = widths
    return this.#output.write(lines.join(''))
  }

  #formatRow(cells: readonly string[], widths: readonly number[]): string {
    const padded = cells.map((cell, index) => {
      const isRight = NUMBERS.has(this.#columns?.[index]?.typeId ?? 0)
      return pad(cell, widths[index] ?? 0, isRight)
    })
    return `${padded.join(' | ').trimEnd()}\n`
  }
}

function createJsonSink(output: Output): ResultSink {
  let encoders: ((value: string) => string)[] = []
  let names: string[] = []
  return {
    columns(columns) {
      const seen = new Map<string, number>()
      names = columns.map(({ name }) => {
        const count = (seen.get(name) ?? 0) + 1
        seen.set(name, count)
        return JSON.stringify(count === 1 ? name : `${name}_${count}`)
      })
      encoders = columns.map(({ typeId }) => JSON_ENCODERS.get(typeId) ?? encodeText)
    },
    row(values) {
      const members = values.map((value, index) => {
        return `${names[index]}:${value === null ? 'null' : (encoders[index] ?? encodeText)(value)}`
      })
      return output.write(`{${members.join(',')}}\n`)
    },
    data: (chunk) => output.write(chunk),
    complete: () => undefined,
  }
}

function createCsvSink(output: Output): ResultSink {
  return {
    columns: (columns) => void output.write(csvLine(columns.map(({ name }) => name))),
    row: (values) => output.write(csvLine(values)),
    data: (chunk) => output.write(chunk),
    complete: () => undefined,
  }
}

/** RFC 4180, but lines end in LF; null is empty and an empty text is quoted, as in Postgres's own CSV. */
function csvLine(values: readonly (string | null)[]): string {
  const cells = values.map((value) => {
    if (value === null) return ''
    return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  })
  return `${cells.join(',')}\n`
}

/** Object ids of types, which are fixed: bool, int8, int2, int4, oid, json, float4, float8, timestamptz, numeric, jsonb. */
const [BOOL, INT8, INT2, INT4, OID, JSON_TYPE, FLOAT4, FLOAT8, TIMESTAMPTZ, NUMERIC, JSONB] = [
  16, 20, 21, 23, 26, 114, 700, 701, 1184, 1700, 3802,
]
const NUMBERS = new Set<number | undefined>([INT8, INT2, INT4, OID, FLOAT4, FLOAT8, NUMERIC])

/** int8 and numeric stay texts, for a JSON number may lose digits. */
const JSON_ENCODERS = new Map<number | undefined, (value: string) => string>([
  [BOOL, (value) => String(value === 't')],
  [INT2, String],
  [INT4, String],
  [OID, String],
  [FLOAT4, encodeFloat],
  [FLOAT8, encodeFloat],
  [JSON_TYPE, encodeJson],
  [JSONB, encodeJson],
  [TIMESTAMPTZ, encodeTime],
])

function encodeText(value: string): string {
  return escapeControls(JSON.stringify(value))
}

function encodeFloat(value: string): string {
  return /^(NaN|-?Infinity)$/.test(value) ? JSON.stringify(value) : value
}

/** As Postgres wrote it, so that no number changes; line feeds stand only between its tokens. */
function encodeJson(value: string): string {
  return escapeControls(value.replace(/[\r\n]+/g, ' '))
}

/** RFC 3339. */
function encodeTime(value: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)(:\d\d)?$/.exec(value)
  if (match === null) return encodeText(value)
  const [, day, time, hours = '', minutes = ':00'] = match
  const zone = hours === '+00' && minutes === ':00' ? 'Z' : `${hours}${minutes}`
  return `"${day}T${time}${zone}"`
}

/** DEL and C1 controls, which JSON allows in a string and a terminal obeys. */
function escapeControls(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
}

/** What applications send must not steer the terminal it is shown on. */
function showControls(value: string): string {
  return value.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[c]
    return named ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function pad(cell: string, width: number, isRight: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(cell)))
  return isRight ? space + cell : cell + space
}

/** Columns a text takes on a terminal, near enough: combining marks take none, wide characters two. */
function widthOf(value: string): number {
  if (/^[\u0020-\u007e]*$/.test(value)) return value.length
  let width = 0
  for (const character of value) {
    if (/\p{Mark}/u.test(character)) continue
    width += WIDE.test(character) ? 2 : 1
  }
  return width
}

const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/u
