import { Type, type Static } from 'typebox'
import {
  ERROR_STATES,
  type ErrorFilter,
  type ErrorState,
  UNRESOLVED_STATES,
} from './error-contract'
import { choice, mustBe, type questionQuery, someText } from './parameters'

const MAX_OCCURRENCES = 1_000_000_000
const UNRESOLVED = 'unresolved'

/** The parameters that narrow a question about errors. */
export function errorParameters() {
  return {
    text: someText('In the class, code, message or culprit, whatever the case'),
    service: someText('Only this service.name'),
    environment: someText('Only with throws of this deployment.environment.name'),
    module: someText('Only with throws of this module'),
    operation: someText('Only with throws of this operation'),
    release: someText('Only with throws of this service.version'),
    state: someText(
      `Only in these states, separated by commas: ${ERROR_STATES.join(', ')}; or unresolved for ` +
        `${UNRESOLVED_STATES.join(', ')}`,
    ),
    unresolvedOnly: Type.Optional(
      Type.Boolean({ description: 'true for state=unresolved', default: false }),
    ),
    assignee: someText('Only those this one looks after'),
    severity: choice(
      ['error', 'any'] as const,
      'error: only with throws of that severity or worse, unless said otherwise where unresolved ones are asked for; else ' +
        'any: warnings and what was cancelled as well',
    ),
    minOccurrences: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_OCCURRENCES,
        default: 1,
        description: 'Only with so many throws in the window at least',
      }),
    ),
  }
}

type Query = Static<ReturnType<typeof questionQuery<ReturnType<typeof errorParameters>>>>

/** Reads them. Throws BadParameters. */
export function errorFilterOf(query: Query, tenant: string | null): ErrorFilter {
  const { service = null, environment = null, module = null, operation = null } = query
  const { release = null, text = null, assignee = null, minOccurrences = 1 } = query
  const words = query.state?.split(',').map((word) => word.trim()) ?? []
  if (query.unresolvedOnly === true) words.push(UNRESOLVED)
  const isUnresolved = words.includes(UNRESOLVED)
  const { severity = isUnresolved ? 'error' : 'any' } = query
  return {
    tenant,
    service,
    environment,
    module,
    operation,
    release,
    states: [...new Set(words.flatMap(statesOf))],
    text,
    assignee,
    minOccurrences,
    severeOnly: severity === 'error',
  }
}

/** Leaves no error out. */
export const EVERY_ERROR: ErrorFilter = {
  tenant: null,
  service: null,
  environment: null,
  module: null,
  operation: null,
  release: null,
  states: [],
  text: null,
  assignee: null,
  minOccurrences: 1,
  severeOnly: false,
}

function statesOf(word: string): readonly ErrorState[] {
  if (word === UNRESOLVED) return UNRESOLVED_STATES
  const state = ERROR_STATES.find((each) => each === word)
  if (state === undefined) {
    throw mustBe('state', `some of ${[...ERROR_STATES, UNRESOLVED].join(', ')}`, word)
  }
  return [state]
}
