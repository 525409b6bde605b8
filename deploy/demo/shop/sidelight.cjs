// What an application has from `import { traceOperation } from 'sidelight'`; the shop is a package of its own inside of that one.
module.exports = require('../../../dist/instrumentation/index.js')
