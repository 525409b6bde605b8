// Uses the copy of the OpenTelemetry API in the application's own node_modules.
const { trace } = require('@opentelemetry/api')

trace.getTracer('own').startActiveSpan('manual', (span) => {
  console.log(span.isRecording())
  span.end()
})
