import { type ErrorReport, fingerprint } from '../../../collector/translate/fingerprint/fingerprint'
import { type FingerprintRules, NO_RULES } from '../../../collector/translate/fingerprint/rules'

const NOTHING: ErrorReport = {
  kind: 'exception',
  tenant: '',
  namespace: '',
  service: 'shop',
  module: 'orders',
  operation: 'POST /orders',
  type: '',
  message: '',
  stack: '',
  code: null,
  peer: null,
  root: null,
  template: '',
  severity: 17,
  failure: [],
  explicit: null,
  attribute: () => null,
}

/** A report of what is said. */
export function report(said: Partial<ErrorReport>): ErrorReport {
  return { ...NOTHING, ...said }
}

/** Its fingerprint. */
export function take(said: Partial<ErrorReport>, rules: FingerprintRules = NO_RULES) {
  return fingerprint(report(said), rules)
}

/** A stack in V8's form: `header`, then `function path` each. */
export function stackOf(header: string, ...frames: string[]): string {
  return [header, ...frames.map((frame) => `    at ${frame}`)].join('\n')
}
