import t from 'tap'
import { BadData } from '../../collector/errors'
import { protobufFromJson } from '../../collector/otlp/json'
import { EXPORT_TRACE_SERVICE_REQUEST } from '../../collector/otlp/schema'

t.test('a wrong value is refused by name', (t) => {
  const spans = 'resourceSpans[0].scopeSpans[0].spans'
  const times = 'expected an integer from 0 to 18446744073709551615'
  for (const [span, message] of [
    ['{"startTimeUnixNano":18446744073709551616}', `${spans}[1].startTimeUnixNano: ${times}`],
    ['{"startTimeUnixNano":"-1"}', `${spans}[1].startTimeUnixNano: ${times}, found "-1"`],
    ['{"startTimeUnixNano":1.5}', `${spans}[1].startTimeUnixNano: ${times}, found 1.5`],
    ['{"startTimeUnixNano":" 1"}', `${spans}[1].startTimeUnixNano: ${times}, found " 1"`],
    ['{"startTimeUnixNano":"01"}', `${spans}[1].startTimeUnixNano: ${times}, found "01"`],
    ['{"startTimeUnixNano":""}', `${spans}[1].startTimeUnixNano: ${times}, found ""`],
    ['{"startTimeUnixNano":true}', `${spans}[1].startTimeUnixNano: ${times}, found true`],
    ['{"kind":"SPAN_KIND_SERVER"}', `${spans}[1].kind: expected an enum as an integer`],
    ['{"kind":2147483648}', `${spans}[1].kind: expected an enum`],
    ['{"flags":4294967296}', `${spans}[1].flags: expected an integer from 0 to 4294967295`],
    ['{"droppedLinksCount":-1}', `${spans}[1].droppedLinksCount: expected an integer from 0`],
    ['{"name":5}', `${spans}[1].name: expected a string, found 5`],
    ['{"traceId":5}', `${spans}[1].traceId: expected a string, found 5`],
    ['{"status":[]}', `${spans}[1].status: expected an object, found an array`],
    ['{"events":{}}', `${spans}[1].events: expected an array, found an object`],
    ['{"links":[{},5]}', `${spans}[1].links[1]: expected an object, found 5`],
    ['5', `${spans}[1]: expected an object, found 5`],
    [
      '{"attributes":[{"key":"a","value":{"intValue":1}},{"key":"b","value":{"boolValue":"true"}}]}',
      `${spans}[1].attributes[1].value.boolValue: expected true or false, found "true"`,
    ],
    [
      '{"attributes":[{"key":"a","value":{"intValue":1.5}}]}',
      `${spans}[1].attributes[0].value.intValue: expected an integer`,
    ],
    [
      '{"attributes":[{"key":"a","value":{"doubleValue":"x"}}]}',
      `${spans}[1].attributes[0].value.doubleValue: expected a number, found "x"`,
    ],
    [
      '{"attributes":[{"key":"a","value":{"doubleValue":1e999}}]}',
      `${spans}[1].attributes[0].value.doubleValue: expected a number a double can hold`,
    ],
    [
      '{"attributes":[{"key":"a","value":{"bytesValue":"a"}}]}',
      `${spans}[1].attributes[0].value.bytesValue: expected base64, found "a"`,
    ],
    [
      '{"attributes":[{"key":"a","value":{"bytesValue":"a*=="}}]}',
      `${spans}[1].attributes[0].value.bytesValue: expected base64`,
    ],
  ] as const) {
    const body = `{"resourceSpans":[{"scopeSpans":[{"spans":[{},${span}]}]}]}`
    const error = failure(body)
    t.ok(error.includes(` member ${message}`), `${span}: ${error}`)
  }
  t.end()
})

t.test('what is not JSON is refused with its place', (t) => {
  for (const [body, message] of [
    ['', 'byte 0: expected an object, found the end of the body'],
    [' \n', 'byte 2: expected an object, found the end of the body'],
    ['[]', "byte 0: expected an object, found '['"],
    ['null', 'byte 0: expected an object'],
    ['{} {}', "byte 3: expected the end of the body, found '{'"],
    ['{}x', "byte 2: expected the end of the body, found 'x'"],
    ['{', "byte 1: expected a key in '\"', found the end of the body"],
    ['{"a":1,}', "byte 7: expected a key in '\"', found '}'"],
    ['{"a" 1}', "byte 5: expected ':'"],
    ['{a:1}', 'byte 1: expected a key'],
    ["{'a':1}", 'byte 1: expected a key'],
    ['{"a":1 "b":2}', "byte 7: expected ',' or '}'"],
    ['{"a":[1,]}', 'byte 8: expected a value'],
    ['{"a":[1 2]}', "byte 8: expected ',' or ']'"],
    ['{"a":[1}}', "byte 7: expected ',' or ']'"],
    ['{"a":01}', 'byte 5: expected a number'],
    ['{"a":1.}', 'byte 5: expected a number'],
    ['{"a":-}', 'byte 5: expected a number'],
    ['{"a":.5}', 'byte 5: expected a value'],
    ['{"a":+5}', 'byte 5: expected a value'],
    ['{"a":NaN}', 'byte 5: expected a value'],
    ['{"a":tru}', 'byte 5: expected a value'],
    ['{"a":truex}', "byte 9: expected ',' or '}'"],
    ['{"a":"\n"}', 'byte 6: expected a character of a string'],
    ['{"a":"\\x"}', 'byte 7: expected one of'],
    ['{"a":"\\u00g0"}', 'byte 10: expected four hex digits'],
    ['{"a":"x}', 'byte 8: expected a character of a string or'],
    ['{"a":1}\u00a0', 'byte 7: expected the end of the body'],
    ['{/**/}', 'byte 1: expected a key'],
    ['{"resourceSpans":[{},]}', 'byte 21 in resourceSpans[0]: expected a value'],
    ['{"resourceSpans":[{} {}]}', "byte 21 in resourceSpans[0]: expected ',' or ']'"],
    ['{"resourceSpans":[{"schemaUrl":"x" 1}]}', 'byte 35 in resourceSpans[0]: expected'],
  ] as const) {
    const error = failure(body)
    t.ok(error.includes(message), `${JSON.stringify(body)}: ${error}`)
  }
  t.end()
})

function failure(body: string): string {
  try {
    protobufFromJson(Buffer.from(body), EXPORT_TRACE_SERVICE_REQUEST)
  } catch (error) {
    if (error instanceof BadData) return error.message
    throw error
  }
  return 'nothing was thrown'
}
