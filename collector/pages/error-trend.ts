import type { ErrorTrend } from '../api/error-contract'
import { counted, formatCount, formatTime } from './format'
import { html, type Html } from './html'

const HEIGHT = 24
/** Of what is more than nothing, so that it is seen. */
const MIN_HEIGHT = 2
/** Of a step; the rest is the gap to the next. */
const BAR_WIDTH = 0.8

interface Step {
  readonly count: number
  readonly severe: number
}

/** The throws of a group as a row of bars, the severe ones in them darker; what it shows is its title. */
export function trendSpark(trend: ErrorTrend): Html {
  return bars('spark', stepsOf(trend), trend)
}

/** The same, large, with its time and its greatest step written beside it. */
export function trendChart(trend: ErrorTrend): Html {
  const steps = stepsOf(trend)
  const most = Math.max(...steps.map(({ count }) => count), 0)
  const { sinceMs, untilMs } = trend.window
  return html`<figure class="trend">
    <p class="fine most">
      ${most === 0 ? 'none' : html`at most ${formatCount(most)} ${aStep(trend)}`}
    </p>
    ${bars('spark', steps, trend)}
    <figcaption class="ends">
      <span>${toTheMinute(sinceMs)}</span><span>${toTheMinute(untilMs)}</span>
    </figcaption>
  </figure>`
}

function toTheMinute(ms: number): string {
  return formatTime(ms).replace(/:\d\d UTC$/, ' UTC')
}

/** Every step of the window, those without a throw as well. */
function stepsOf({ window, stepMs, steps }: ErrorTrend): Step[] {
  const all: Step[] = Array.from(
    { length: Math.max(0, Math.ceil((window.untilMs - window.sinceMs) / stepMs)) },
    () => ({ count: 0, severe: 0 }),
  )
  for (const { sinceMs, occurrenceCount, severeCount } of steps) {
    const at = Math.floor((sinceMs - window.sinceMs) / stepMs)
    const step = all[at]
    if (step === undefined) continue
    // A throw may be known to be severe in another step than that in which it counts.
    const [count, severe] = [step.count + occurrenceCount, step.severe + severeCount]
    all[at] = { count: Math.max(count, severe), severe }
  }
  return all
}

function bars(name: string, steps: readonly Step[], trend: ErrorTrend): Html {
  const most = Math.max(...steps.map(({ count }) => count), 0)
  if (most === 0) return html`<span class="none">none in this window</span>`
  const total = steps.reduce((sum, { count }) => sum + count, 0)
  const told = `${counted(total, 'throw')}, at most ${formatCount(most)} ${aStep(trend)}`
  return html`<svg
    class="${name}"
    role="img"
    viewBox="0 0 ${steps.length} ${HEIGHT}"
    preserveAspectRatio="none"
  >
    <title>${told}</title>
    <path class="base" d="M0 ${HEIGHT - 0.5}h${steps.length}v0.5h-${steps.length}z" />
    <path
      class="throws"
      d="${path(
        steps.map(({ count }) => count),
        most,
      )}"
    />
    <path
      class="errors"
      d="${path(
        steps.map(({ severe }) => severe),
        most,
      )}"
    />
  </svg>`
}

function path(counts: readonly number[], most: number): string {
  return counts
    .map((count, at) => {
      if (count === 0) return ''
      const height = Math.max(MIN_HEIGHT, Math.round((HEIGHT * count) / most))
      return `M${at} ${HEIGHT}v-${height}h${BAR_WIDTH}v${height}z`
    })
    .join('')
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

function aStep({ stepMs }: ErrorTrend): string {
  const [length, unit] =
    stepMs % DAY_MS === 0
      ? [stepMs / DAY_MS, 'day']
      : stepMs % HOUR_MS === 0
        ? [stepMs / HOUR_MS, 'hour']
        : [stepMs / MINUTE_MS, 'minute']
  return length === 1 ? `${unit === 'hour' ? 'an' : 'a'} ${unit}` : `in ${counted(length, unit)}`
}
