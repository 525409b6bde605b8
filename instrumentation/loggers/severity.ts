/** The severity number of a level by its name, as loggers and syslog call them; undefined for other names. */
export function severityOfName(name: string): number | undefined {
  return BY_NAME.get(name.toLowerCase())
}

/** The severity number of a level of pino or bunyan, where 10 is trace, 30 is info and 60 is fatal. */
export function severityOfNumber(level: number): number {
  return Math.max(1, Math.min(24, 1 + Math.floor((level - 10) * 0.4)))
}

const BY_NAME: ReadonlyMap<string, number> = new Map([
  ['silly', 1],
  ['trace', 1],
  ['debug', 5],
  ['verbose', 6],
  ['log', 9],
  ['info', 9],
  ['data', 9],
  ['help', 9],
  ['input', 9],
  ['prompt', 9],
  ['http', 10],
  ['notice', 10],
  ['warn', 13],
  ['warning', 13],
  ['error', 17],
  ['err', 17],
  ['crit', 18],
  ['critical', 18],
  ['alert', 19],
  ['fatal', 21],
  ['emerg', 21],
  ['emergency', 21],
])
