/** One figure of the bench, judged against a floor and an aim. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Ratios and rates are to be at least their floor, costs at most. */
  readonly better: 'higher' | 'lower'
  /** Null where the design sets none. */
  readonly floor: number | null
  readonly aim: number | null
}

export type Verdict = 'aim' | 'floor' | 'MISSED' | '-'

/** Which of the marks the figure reaches; '-' where it has none. */
export function judge({ value, better, floor, aim }: Figure): Verdict {
  const reaches = (mark: number): boolean => (better === 'higher' ? value >= mark : value <= mark)
  if (aim !== null && reaches(aim)) return 'aim'
  if (floor === null) return '-'
  return reaches(floor) ? 'floor' : 'MISSED'
}

/** One JSON line a figure, for machines. */
export function toJsonLine(figure: Figure): string {
  return JSON.stringify({ ...figure, verdict: judge(figure) })
}

/** The same as an aligned table, for people. */
export function toTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`.trim(),
    mark(figure.floor, figure),
    mark(figure.aim, figure),
    judge(figure),
  ])
  const table = [['figure', 'measured', 'floor', 'aim', 'verdict'], ...rows]
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  return table
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}

/** How long something took: its p50, and its p95 with the marks. */
export function spread(
  name: string,
  millis: readonly number[],
  { floor, aim }: Pick<Figure, 'floor' | 'aim'>,
): Figure[] {
  const common = { unit: 'ms', better: 'lower' } as const
  return [
    { ...common, name: `${name}, p50`, value: quantile(millis, 0.5), floor: null, aim: null },
    { ...common, name: `${name}, p95`, value: quantile(millis, 0.95), floor, aim },
  ]
}

/** The middle of an odd number of values, the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Linear interpolation between the closest ranks. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * q
  const low = sorted[Math.floor(position)] ?? NaN
  const high = sorted[Math.ceil(position)] ?? NaN
  return low + (high - low) * (position - Math.floor(position))
}

function mark(value: number | null, { better }: Figure): string {
  if (value === null) return ''
  return `${better === 'higher' ? '>=' : '<='} ${format(value)}`
}

function format(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
