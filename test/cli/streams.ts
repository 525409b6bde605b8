import { PassThrough } from 'node:stream'

/** Streams of a command under test: what it reads, and what it wrote so far. */
export function createStreams(input = '') {
  const stdin = new PassThrough()
  stdin.end(input)
  const written = { stdout: '', stderr: '' }
  return { stdin, stdout: collect('stdout'), stderr: collect('stderr'), written }

  function collect(name: keyof typeof written): PassThrough {
    const stream = new PassThrough()
    stream.on('data', (chunk: Buffer) => {
      written[name] += chunk.toString()
    })
    return stream
  }
}
