import { type Baggage, propagation } from '@opentelemetry/api'
import { randomUUID } from 'node:crypto'
import { propertyOf, readOptionalText } from './argument'
import { ATTRIBUTE } from './attributes'
import { currentContext, type RequestContext } from './context'
import { redactText } from './secret-texts'
import { serviceName } from './service'

/** How requests are told apart, and whom is believed what. */
export interface CorrelationOptions {
  /** What `x-service` says; left out, `OTEL_SERVICE_NAME`, else the name of the application's package. */
  readonly service?: string
  /**
   * Whether `x-user-id`, or the user in the baggage, is believed: true unless told otherwise. Only what is told of requests
   * depends on it, but where clients reach the service without a gateway they can make it up.
   */
  readonly trustUser?: boolean
  /** Whether `x-tenant-id`, or the tenant in the baggage, is believed: false unless told otherwise. */
  readonly trustTenant?: boolean
  /**
   * Whether the client's address is taken from `x-forwarded-for`: its first one when true, or the one that the last but so
   * many proxies saw. Unless told otherwise it is the other end of the connection.
   */
  readonly trustProxy?: boolean | number
  /** Whether calls to other services take user, tenant and correlation id along in W3C baggage: true unless told otherwise. */
  readonly baggage?: boolean
}

/** The options as they are asked for each request. */
export interface Correlation {
  readonly service: string
  readonly trustsUser: boolean
  readonly trustsTenant: boolean
  readonly trustProxy: boolean | number
  readonly hasBaggage: boolean
}

/** Reads a header by its name in lower case; empty is one that is there, but says nothing to rely on. */
export type ReadHeader = (name: string) => string | undefined

/** Whatever an application without types gives. */
export function readOptions(options?: CorrelationOptions): Correlation {
  const trustProxy = propertyOf(options, 'trustProxy')
  const service = readOptionalText('correlation', 'service', propertyOf(options, 'service'))
  return {
    service: headerText(service ?? serviceName()),
    trustsUser: isOn(propertyOf(options, 'trustUser'), true),
    trustsTenant: isOn(propertyOf(options, 'trustTenant'), false),
    trustProxy: typeof trustProxy === 'number' || trustProxy === true ? trustProxy : false,
    hasBaggage: isOn(propertyOf(options, 'baggage'), true),
  }
}

function isOn(given: unknown, usual: boolean): boolean {
  return given === undefined || given === null ? usual : Boolean(given)
}

/** Whom and what a request is about, as its headers and its baggage tell; what they do not tell, or not well, is new. */
export function readRequest(
  header: ReadHeader,
  peer: string | undefined,
  correlation: Correlation,
): RequestContext {
  const baggage = incomingBaggage(header)
  const told = (name: string, key: string): string | undefined => {
    const text = header(name)
    return text === undefined ? baggage?.getEntry(key)?.value : decodeHeader(text)
  }
  const userId = correlation.trustsUser ? nameIn(told('x-user-id', ATTRIBUTE.userId)) : undefined
  const tenantId = correlation.trustsTenant
    ? nameIn(told('x-tenant-id', ATTRIBUTE.tenantId))
    : undefined
  const clientAddress = clientAddressOf(header, peer, correlation.trustProxy)
  return {
    requestId: idIn(header('x-request-id')) ?? randomUUID(),
    correlationId:
      idIn(header('x-correlation-id')) ??
      idIn(baggage?.getEntry(ATTRIBUTE.correlationId)?.value) ??
      randomUUID(),
    ...(userId === undefined ? undefined : { userId }),
    ...(tenantId === undefined ? undefined : { tenantId }),
    ...(clientAddress === undefined ? undefined : { clientAddress }),
  }
}

/** What every answer says. */
export function answerHeaders(
  { requestId, correlationId }: RequestContext,
  { service }: Correlation,
): readonly (readonly [name: string, value: string])[] {
  return [
    ['x-correlation-id', headerText(correlationId)],
    ['x-request-id', headerText(requestId)],
    ['x-service', service],
  ]
}

/**
 * The headers that take the context of the request to another service, for calls that OpenTelemetry does not see: those
 * it sees carry it as W3C baggage anyway. Empty outside of a context.
 *
 * @example
 * import { correlationHeaders, runInContext } from 'sidelight'
 *
 * runInContext({ requestId: 'r-1', correlationId: 'c-1', userId: 'u-42' }, () => {
 *   const headers = new Headers({ accept: 'application/json', ...correlationHeaders() })
 *   console.log(headers.get('x-correlation-id'), headers.get('x-user-id')) // prints c-1 u-42
 * })
 */
export function correlationHeaders(): Record<string, string> {
  const context = currentContext()
  if (context === undefined) return {}
  const { correlationId, userId, tenantId } = context
  return {
    'x-correlation-id': headerText(correlationId),
    ...(userId === undefined ? undefined : { 'x-user-id': headerText(userId) }),
    ...(tenantId === undefined ? undefined : { 'x-tenant-id': headerText(tenantId) }),
  }
}

/** Printable ASCII without spaces: an id is written into headers, lines and URLs. */
const ID = /^[\x21-\x7e]{1,128}$/
/** Names may be in any language; without control characters, that no line is broken. */
const NAME = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,256}$/u

function idIn(text: string | undefined): string | undefined {
  return text !== undefined && ID.test(text) && !isSecret(text) ? text : undefined
}

function nameIn(text: string | undefined): string | undefined {
  return text !== undefined && text.trim() !== '' && NAME.test(text) && !isSecret(text)
    ? text
    : undefined
}

/** Whoever sends a token as an id has it in no line, span or other service's hands. */
function isSecret(text: string): boolean {
  return redactText(text) !== text
}

/** As Node lets a header be. */
function headerText(text: string): string {
  if (PRINTABLE.test(text)) return text
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}

/** What `headerText` made of a name that is not ASCII; or one in UTF-8, which Node takes for Latin 1. */
function decodeHeader(text: string): string {
  try {
    if (!PRINTABLE.test(text)) return UTF8.decode(Buffer.from(text, 'latin1'))
    if (!text.includes('%')) return text
    const decoded = decodeURIComponent(text)
    return PRINTABLE.test(decoded) ? text : decoded
  } catch {
    return text
  }
}

const PRINTABLE = /^[\x20-\x7e]*$/
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Without an SDK nothing has read the header yet. */
function incomingBaggage(header: ReadHeader): Baggage | undefined {
  const text = header('baggage')
  if (text === undefined) return undefined
  return propagation.getActiveBaggage() ?? propagation.createBaggage(entriesIn(text))
}

const LONGEST_BAGGAGE = 8192

/** W3C Baggage, 3.3.1; of what is longer than has to be taken its first members. */
function entriesIn(text: string): Record<string, { value: string }> {
  const entries: [string, { value: string }][] = []
  const isLonger = text.length > LONGEST_BAGGAGE
  const end = isLonger ? text.lastIndexOf(',', LONGEST_BAGGAGE) : text.length
  for (const member of text.slice(0, Math.max(0, end)).split(',')) {
    const [pair = ''] = member.split(';', 1)
    const equals = pair.indexOf('=')
    if (equals < 1) continue
    try {
      const value = decodeURIComponent(pair.slice(equals + 1).trim())
      entries.push([decodeURIComponent(pair.slice(0, equals).trim()), { value }])
    } catch {
      // Not encoded as it should be: the others count.
    }
  }
  return Object.fromEntries(entries)
}

/** The address of the client, as far as it is known and believed. */
export function clientAddressOf(
  header: ReadHeader,
  peer: string | undefined,
  trustProxy: boolean | number,
): string | undefined {
  const forwarded = trustProxy === false || trustProxy === 0 ? undefined : header('x-forwarded-for')
  if (forwarded === undefined) return peer
  const addresses = forwarded.split(',')
  const address =
    trustProxy === true
      ? addresses[0]
      : addresses[Math.max(0, addresses.length - Number(trustProxy))]
  return nameIn(address?.trim()) ?? peer
}
