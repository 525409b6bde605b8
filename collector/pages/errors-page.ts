import {
  ERROR_ORDERS,
  ERROR_STATES,
  type ErrorGroup,
  type ErrorOrder,
  type ErrorState,
  type ErrorStatistics,
  type ErrorTrend,
} from '../api/error-contract'
import { STATE_SHAPES, STATE_WORDS, stateMark } from './error-state'
import { trendChart, trendSpark } from './error-trend'
import { formatCount } from './format'
import { framePage, type Place } from './frame'
import { html, type Html } from './html'
import { timeMark } from './moment'

/** The windows to choose from. */
export const ERROR_WINDOWS = {
  '1h': '1 hour',
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
} as const
export type ErrorWindow = keyof typeof ERROR_WINDOWS

/** The states to choose from: one of them, all, or those nobody has dealt with. */
export const STATE_CHOICES = ['unresolved', 'all', ...ERROR_STATES] as const
export type StateChoice = (typeof STATE_CHOICES)[number]

const CHOICE_WORDS: Readonly<Record<StateChoice, string>> = {
  unresolved: 'Unresolved',
  all: 'All',
  ...STATE_WORDS,
}
const ORDER_WORDS: Readonly<Record<ErrorOrder, string>> = {
  last_seen: 'Last seen',
  first_seen: 'First seen',
  count: 'Most thrown',
  users: 'Most users',
}
/** Services to choose from; any other can be typed. */
const MAX_OFFERED = 100

/** What was asked for. */
export interface ErrorsChoice {
  readonly window: ErrorWindow
  readonly state: StateChoice
  readonly order: ErrorOrder
  /** Empty for any. */
  readonly service: string
  readonly text: string
  /** Whether warnings and what was cancelled are shown as well. */
  readonly hasWarnings: boolean
}

/** A page of groups. */
export interface ErrorsView {
  readonly groups: readonly (ErrorGroup & { readonly trend: ErrorTrend })[]
  /** Of all that was asked for; null behind the first page. */
  readonly sums: { readonly statistics: ErrorStatistics; readonly trend: ErrorTrend } | null
  /** Leads on; null at the end. */
  readonly nextCursor: string | null
  readonly nowMs: number
}

/** The groups of errors of a window: what is broken, since when, for how many. */
export function renderErrors(
  view: ErrorsView,
  choice: ErrorsChoice,
  place: Place & { readonly hasSession: boolean },
): string {
  const { groups, sums, nextCursor } = view
  const content = html`
    ${STATE_SHAPES}
    <div class="title"><h1>Errors</h1></div>
    ${filters(view, choice)} ${sums === null ? null : inSum(sums)}
    ${groups.length === 0 ? nothing(choice, sums !== null) : table(view)}
    ${
      nextCursor === null
        ? null
        : html`<p class="notice">
            <a href="?${queryOf(choice, nextCursor).toString()}">Go on with those that follow</a>
          </p>`
    }
  `
  return framePage({ ...place, title: 'Errors', content })
}

/** The choice as a query, what is usual left out. */
function queryOf(choice: ErrorsChoice, cursor: string | null = null): URLSearchParams {
  const { window, state, order, service, text, hasWarnings } = choice
  return new URLSearchParams({
    window,
    state,
    order,
    ...(service === '' ? {} : { service }),
    ...(text === '' ? {} : { text }),
    ...(hasWarnings ? { warnings: 'on' } : {}),
    ...(cursor === null ? {} : { cursor }),
  })
}

function filters({ sums }: ErrorsView, choice: ErrorsChoice): Html {
  const { window, state, order, service, text, hasWarnings } = choice
  const services = sums?.statistics.byService.slice(0, MAX_OFFERED) ?? []
  const checked = hasWarnings ? html` checked` : null
  return html`<form class="filters" method="get" action="errors" role="search">
    <label class="wide">
      Text
      <input
        type="search"
        name="text"
        value="${text}"
        placeholder="class, message, code or culprit"
        spellcheck="false"
      />
    </label>
    <label>
      Service
      <input name="service" value="${service}" list="services" spellcheck="false" />
      <datalist id="services">
        ${services.map(({ name }) => html`<option value="${name}"></option>`)}
      </datalist>
    </label>
    <label>State ${select('state', STATE_CHOICES, CHOICE_WORDS, state)}</label>
    <label>
      Window ${select('window', Object.keys(ERROR_WINDOWS) as ErrorWindow[], ERROR_WINDOWS, window)}
    </label>
    <label>Order ${select('order', ERROR_ORDERS, ORDER_WORDS, order)}</label>
    <label class="check">
      <input type="checkbox" name="warnings" value="on" ${checked} /> with warnings
    </label>
    <button type="submit">Show</button>
  </form>`
}

function select<T extends string>(
  name: string,
  values: readonly T[],
  words: Readonly<Record<T, string>>,
  chosen: T,
): Html {
  return html`<select name="${name}">
    ${values.map((value) => {
      const selected = value === chosen ? html` selected` : null
      return html`<option value="${value}" ${selected}>${words[value]}</option>`
    })}
  </select>`
}

/** All that was asked for, not this page alone. */
function inSum({ statistics, trend }: NonNullable<ErrorsView['sums']>): Html | null {
  const { groupCount, newCount, occurrenceCount, unhandledCount, userCount } = statistics
  if (groupCount === 0) return null
  return html`<section class="sums" aria-label="In sum">
    <dl class="totals">
      ${figure('groups', groupCount)} ${figure('of them new', newCount)}
      ${figure('throws', occurrenceCount)} ${figure('not caught', unhandledCount)}
      ${figure('users', userCount)}
    </dl>
    ${trendChart(trend)}
  </section>`
}

function figure(name: string, count: number): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${formatCount(count)}</dd>
  </div>`
}

function table({ groups, nowMs }: ErrorsView): Html {
  return html`<table class="figures errors">
    <thead>
      <tr>
        <th scope="col">Error</th>
        <th scope="col">State</th>
        <th scope="col" class="number">Throws</th>
        <th scope="col" class="curve">Over time</th>
        <th scope="col" class="number">Users</th>
        <th scope="col" class="number">Last seen</th>
        <th scope="col" class="number">First seen</th>
      </tr>
    </thead>
    <tbody>
      ${groups.map((group) => row(group, nowMs))}
    </tbody>
  </table>`
}

function row(group: ErrorsView['groups'][number], nowMs: number): Html {
  const { id, service, code, message, culprit, state, trend } = group
  return html`<tr>
    <th scope="row">
      <a href="errors/${id}">${group.class || '(no class)'}</a>
      ${code === null || code === group.class ? null : html`<code class="code">${code}</code>`}
      <span class="message">${message}</span>
      <small><b>${service}</b> ${culprit}</small>
    </th>
    <td class="state">${stateMark(state)}${assigned(group)}</td>
    <td class="number" data-label="throws">${formatCount(group.occurrenceCount)}</td>
    <td class="curve">${trendSpark(trend)}</td>
    <td class="number" data-label="users">${formatCount(group.userCount)}</td>
    <td class="number" data-label="last seen">${timeMark(group.lastSeen, nowMs)}</td>
    <td class="number" data-label="first seen">${timeMark(group.firstSeen, nowMs)}</td>
  </tr>`
}

function assigned({ assignee }: ErrorGroup): Html | null {
  return assignee === null ? null : html`<small>${assignee}</small>`
}

/** Says what to do where there is nothing to see. */
function nothing(choice: ErrorsChoice, isFirstPage: boolean): Html {
  if (!isFirstPage) return html`<p>There are no more.</p>`
  const { window, state, service, text, hasWarnings } = choice
  const isNarrow = state !== 'all' || service !== '' || text !== '' || !hasWarnings
  const all: ErrorsChoice = { ...choice, state: 'all', service: '', text: '', hasWarnings: true }
  return html`<section class="welcome" aria-labelledby="nothing">
    <h2 id="nothing">No such error in the last ${ERROR_WINDOWS[window]}</h2>
    ${
      isNarrow
        ? html`<p>
            <a href="?${queryOf(all).toString()}">Show all states, services and severities</a>
          </p>`
        : null
    }
    ${
      window === '30d'
        ? null
        : html`<p>
            <a href="?${queryOf({ ...choice, window: '30d' }).toString()}">Look at 30 days</a>
          </p>`
    }
    <p>
      Errors come from what is sent already: exceptions on spans and on log records, log records of
      severity error or worse, and requests that failed. An application watched by
      <code>sidelight/bootstrap</code> sends them by itself; one that logs only sends an exception
      with its log record:
    </p>
    <pre>log.error({ err: error }, 'the order could not be placed')</pre>
  </section>`
}

/** Whether a text names a state of the filter. */
export function isErrorState(text: StateChoice): text is ErrorState {
  return text !== 'all' && text !== 'unresolved'
}
