import { BadValue } from './fault'
import { splitList, type ValueType } from './value'

/** A scheme, a host and a port, if any; in host and port `*` stands for any characters they may have. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9.*_-]+|\[[a-f0-9:.]+\])(?::(?:\d{1,5}|\*))?$/

/** Origins of web pages, as browsers send them in `Origin`. */
export function origins(): ValueType<readonly string[]> {
  return {
    allowed:
      'origins separated by commas, as in https://app.example.com, https://*.example.com or *',
    isList: true,
    parse: (value) =>
      parseEach(value.toLowerCase(), (entry) => entry === '*' || ORIGIN.test(entry)),
    format: (values) => values.join(','),
  }
}

/** Names of HTTP headers (RFC 9110, 5.6.2). */
export function headerNames(): ValueType<readonly string[]> {
  return {
    allowed: 'header names separated by commas',
    isList: true,
    parse: (value) =>
      parseEach(value.toLowerCase(), (entry) => /^[\w!#$%&'*+.^`|~-]+$/.test(entry)),
    format: (values) => values.join(','),
  }
}

function parseEach(value: string, isSound: (entry: string) => boolean): readonly string[] {
  const entries = splitList(value)
  const wrong = entries.find((entry) => !isSound(entry))
  if (wrong !== undefined) throw new BadValue(`"${wrong}" is none`)
  return [...new Set(entries)]
}
