import t from 'tap'
import { runCheck } from '../../collector/cli/check'
import { COMMANDS, parseCommand, readVersion, runHelp, usage } from '../../collector/cli/help'
import { createStreams } from './streams'

t.test('check prints the effective configuration and exits 0', async (t) => {
  const { stdout, stderr, written } = createStreams()
  const env = {
    DATABASE_URL: 'postgres://app:hidden@db/app',
    SIDELIGHT_EMBEDDED_MAX_SIZE_BYTES: '1GiB',
  }
  t.equal(runCheck(env, stdout, stderr), 0)
  t.match(written.stdout, 'DATABASE_URL=postgres://app:***@db/app')
  t.match(written.stdout, /# warning: SIDELIGHT_EMBEDDED_MAX_SIZE_BYTES has no effect/)
  t.notMatch(written.stdout, 'hidden')
  t.equal(written.stderr, '')
})

t.test('check prints every fault to standard error and exits 2', async (t) => {
  const { stdout, stderr, written } = createStreams()
  t.equal(runCheck({ LOG_LEVEL: 'loud', SIDELIGHT_MIGRATE: 'never' }, stdout, stderr), 2)
  t.equal(written.stdout, '')
  t.match(written.stderr, /2 faults\n.*SIDELIGHT_MIGRATE=never: .*\n.*LOG_LEVEL=loud: /)
})

t.test('check looks into the TLS files of the doors', async (t) => {
  const { stdout, stderr, written } = createStreams()
  const env = { SIDELIGHT_OTLP_TLS_CERT_FILE: __filename, SIDELIGHT_OTLP_TLS_KEY_FILE: 'none' }
  t.equal(runCheck(env, stdout, stderr), 2)
  t.match(written.stderr, /SIDELIGHT_OTLP_TLS_CERT_FILE=\S+: the file cannot be used: /)
})

t.test('help and version are asked for, and anything else is told how to call', async (t) => {
  for (const [args, code, stream, text] of [
    [['--help'], 0, 'stdout', usage()],
    [['--version'], 0, 'stdout', `${readVersion()}\n`],
    [['strat'], 2, 'stderr', 'there is no command "strat"'],
    [[], 2, 'stderr', 'a command is missing'],
  ] as const) {
    const { stdout, stderr, written } = createStreams()
    t.equal(runHelp(args, { stdout, stderr }), code)
    t.match(written[stream], text)
  }
  t.match(readVersion(), /^\d+\.\d+\.\d+/)
})

t.test('usage names every command, and only those are commands', async (t) => {
  for (const name of Object.keys(COMMANDS)) {
    t.equal(parseCommand(name), name)
    t.match(usage(), new RegExp(`^  ${name} `, 'm'))
  }
  for (const name of ['toString', '', undefined]) t.equal(parseCommand(name), null)
})
