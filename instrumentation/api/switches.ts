/** Whether performance is tracked: `PERF_METRICS_ENABLED`, on by default. Read once, when it is first asked. */
export function isPerformanceTracked(): boolean {
  return (performanceTracked ??= isOn('PERF_METRICS_ENABLED'))
}

/** Whether errors are told of: `ERROR_AGGREGATION_ENABLED`, on by default. Read once, when it is first asked. */
export function areErrorsTracked(): boolean {
  return (errorsTracked ??= isOn('ERROR_AGGREGATION_ENABLED'))
}

let performanceTracked: boolean | undefined
let errorsTracked: boolean | undefined

function isOn(name: string): boolean {
  return !OFF.has(process.env[name]?.trim().toLowerCase() ?? '')
}

const OFF: ReadonlySet<string> = new Set(['false', '0', 'off', 'no'])
