// Ends at once, with an exit code of its own.
console.log('done')
process.exit(3)
