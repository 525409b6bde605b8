import type { Log } from '../api/schemas/log'
import { counted } from './format'
import { framePage, type Place } from './frame'
import { html } from './html'
import { logList } from './log-list'

/** A page of the log records of a trace. */
export interface LogsView {
  readonly traceId: string
  readonly logs: readonly Log[]
  readonly isFirstPage: boolean
  /** Leads on; null at the end. */
  readonly nextCursor: string | null
}

/** The log records of a trace, the earliest first. */
export function renderLogs(
  { traceId, logs, isFirstPage, nextCursor }: LogsView,
  place: Place & { readonly hasSession: boolean },
): string {
  const listing = { originNs: null, spanHref: (spanId: string) => `../${traceId}#span-${spanId}` }
  const which = isFirstPage ? '' : ', continued'
  const content = html`
    <div class="title">
      <h1>Log records of a trace</h1>
      <p class="fine">
        Trace <a href="../${traceId}"><code>${traceId}</code></a>
        <a href="${place.root}api/v1/logs?traceId=${traceId}">JSON</a>
      </p>
    </div>
    <section aria-labelledby="logs">
      <h2 id="logs">${counted(logs.length, 'record')}${which}</h2>
      ${
        logs.length === 0
          ? html`<p>No log record has this trace id.</p>`
          : html`<p class="fine">In order of time, of ${logs[0]?.time.slice(0, 10) ?? ''}, UTC.</p>
              ${logList(logs, listing)}`
      }
      ${
        nextCursor === null
          ? null
          : html`<p class="notice">
              <a href="?cursor=${nextCursor}">Go on with what came next</a>
            </p>`
      }
    </section>
  `
  return framePage({ ...place, title: `Log records of trace ${traceId}`, content })
}
