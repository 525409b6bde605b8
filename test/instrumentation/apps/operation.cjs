const { traceOperation, addSpanEvent, addSpanTag } = require('sidelight')

async function main() {
  const sum = traceOperation('add', 'maths', (span) => {
    addSpanTag(span, 'operands', 2)
    addSpanEvent(span.spanId, 'carried', { digits: 1 })
    return 40 + 2
  })
  console.log(sum)
  await traceOperation(
    'charge',
    'payments',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      traceOperation('sign', 'payments', () => {})
    },
    'client',
  )
  await traceOperation('decline', 'payments', async () => {
    throw new TypeError('card declined')
  }).catch((error) => console.log(error.message))
  try {
    traceOperation('parse', 'payments', () => JSON.parse('{'))
  } catch (error) {
    console.log(error.name)
  }
}

main()
