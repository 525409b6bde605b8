import { valueText } from './attributes'
import { counted } from './format'
import { html, type Html } from './html'

/** Deeper ones would be no help, and cost a page its end. */
const MAX_DEPTH = 8
const MAX_EXCEPTIONS = 50
const MAX_FRAMES = 200

interface Frame {
  readonly path: string
  readonly function: string
  readonly place: string
  readonly isInApp: boolean
}

/** The exceptions of a throw, from the outermost to the cause, those an AggregateError holds below it. */
export function stackOf(exceptions: readonly unknown[]): Html | null {
  const budget = { left: MAX_EXCEPTIONS }
  const items = chain(exceptions, 0, budget)
  return items.length === 0
    ? null
    : html`<ol class="exceptions">
        ${items}
      </ol>`
}

function chain(exceptions: readonly unknown[], depth: number, budget: { left: number }): Html[] {
  if (depth > MAX_DEPTH) return []
  return exceptions.flatMap((each, at) => {
    if (!isObject(each) || budget.left <= 0) return []
    budget.left--
    return exception(each, { at, depth, budget })
  })
}

interface Level {
  /** Which of the chain it is. */
  readonly at: number
  readonly depth: number
  readonly budget: { left: number }
}

function exception(each: Fields, { at, depth, budget }: Level): Html {
  const code = textOf(each['code'])
  const name = textOf(each['class'])
  const members = listOf(each['members'])
  const frames = listOf(each['frames']).slice(0, MAX_FRAMES).flatMap(frameOf)
  return html`<li>
    ${at === 0 || depth > 0 ? null : html`<p class="fine">caused by</p>`}
    <p class="thrown">
      <b>${name || '(no class)'}</b>
      ${code === '' || code === name ? null : html`<code class="code">${code}</code>`}
      <span>${valueText(textOf(each['message']))}</span>
    </p>
    ${frames.length === 0 ? html`<p class="fine">without a stack</p>` : frameList(frames)}
    ${
      members.length === 0
        ? null
        : html`<p class="fine">It holds ${counted(members.length, 'error')}:</p>
            <ol class="exceptions members">
              ${chain(members, depth + 1, budget)}
            </ol>`
    }
  </li>`
}

/** Frames of the application stand open; of libraries and the runtime, those in a row are folded away together. */
function frameList(frames: readonly Frame[]): Html {
  const isForeign = !frames.some(({ isInApp }) => isInApp)
  const runs: Frame[][] = []
  for (const frame of frames) {
    const run = runs.at(-1)
    if (run !== undefined && run[0]?.isInApp === frame.isInApp) run.push(frame)
    else runs.push([frame])
  }
  return html`<ol class="frames">
    ${runs.map((run, at) => (run[0]?.isInApp === true ? run.map(frame) : library(run, isForeign && at === 0)))}
  </ol>`
}

function library(run: readonly Frame[], isOpen: boolean): Html {
  const open = isOpen ? html` open` : null
  return html`<li class="library">
    <details ${open}>
      <summary>${counted(run.length, 'frame')} of ${packagesOf(run)}</summary>
      <ol class="frames">
        ${run.map(frame)}
      </ol>
    </details>
  </li>`
}

/** Where the frames are from: packages by name, else the runtime. */
function packagesOf(run: readonly Frame[]): string {
  const names = new Set(
    run.map(({ path }) => /^pkg:((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'Node.js'),
  )
  const [first = '', second, ...rest] = names
  if (second === undefined) return first
  return rest.length === 0 ? `${first} and ${second}` : `${first}, ${second} and others`
}

function frame({ path, function: name, place, isInApp }: Frame): Html {
  return html`<li class="${isInApp ? 'own' : 'foreign'}">
    <b>${name || '(anonymous)'}</b> <span>${path}${place}</span>
  </li>`
}

function frameOf(each: unknown): Frame[] {
  if (!isObject(each)) return []
  const { line, column } = each
  const place = [line, column].filter((part) => typeof part === 'number').map((part) => `:${part}`)
  return [
    {
      path: textOf(each['path']),
      function: textOf(each['function']),
      place: place.join(''),
      isInApp: each['isInApp'] === true,
    },
  ]
}

type Fields = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
