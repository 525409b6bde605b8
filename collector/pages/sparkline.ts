import { digits, formatCount } from './format'
import { html, type Html } from './html'

const HEIGHT = 24
/** Of what is more than nothing, so that it is seen. */
const MIN_HEIGHT = 3

/** Requests of a minute; how many of them failed. */
export interface Minute {
  readonly count: number
  readonly errorCount: number
}

/** Requests a minute as a curve of steps, the failed ones in it darker; what it shows is its title. */
export function sparkline(minutes: readonly Minute[]): Html {
  const counts = minutes.map(({ count }) => count)
  const errors = minutes.map(({ errorCount }) => errorCount)
  const most = Math.max(...counts, 0)
  if (most === 0) return html`<span class="none">no requests</span>`
  const hasErrors = errors.some((count) => count > 0)
  return html`<svg
    class="spark"
    role="img"
    viewBox="0 0 ${minutes.length} ${HEIGHT}"
    preserveAspectRatio="none"
  >
    <title>${describe(counts, errors)}</title>
    <path class="requests" d="${steps(counts, most)}" />
    ${hasErrors ? html`<path class="errors" d="${steps(errors, most)}" />` : null}
  </svg>`
}

function describe(counts: readonly number[], errors: readonly number[]): string {
  const failed = errors.reduce((sum, count) => sum + count, 0)
  const range = `${digits(Math.min(...counts))} to ${digits(Math.max(...counts))}`
  return `${range} requests a minute over ${counts.length} minutes, ${formatCount(Math.round(failed))} failed`
}

/** An area of steps, a unit each; equal neighbours are one step. */
function steps(values: readonly number[], most: number): string {
  const tops = values.map((value) =>
    value === 0 ? HEIGHT : Math.min(HEIGHT - MIN_HEIGHT, Math.round(HEIGHT * (1 - value / most))),
  )
  let path = `M0 ${HEIGHT}`
  for (let at = 0; at < tops.length;) {
    const from = at
    while (at < tops.length && tops[at] === tops[from]) at++
    path += `V${tops[from]}h${at - from}`
  }
  return `${path}V${HEIGHT}z`
}
