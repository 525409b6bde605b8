import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { Client, credentials, type ServiceError } from '@grpc/grpc-js'
import { pino } from 'pino'
import t from 'tap'
import { readCertificates } from '../../collector/config/certificates'
import { watchRenewals } from '../../collector/receiver/renewal'
import { DoorTls } from '../../collector/receiver/tls'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { openDoor, TIMEOUT_MS } from './door'
import { METHODS, openGrpcDoor } from './grpc-door'

const FOLDER = join(__dirname, '..', 'fixtures', 'tls')
const pem = (file: string): Buffer => readFileSync(join(FOLDER, file))
const CA = pem('ca.pem')

interface Identity {
  readonly cert: Buffer
  readonly key: Buffer
}
const CLIENT: Identity = { cert: pem('client.pem'), key: pem('client.key') }
const STRANGER: Identity = { cert: pem('stranger.pem'), key: pem('stranger.key') }

function tlsOf(name: string, { needsClients = false } = {}): DoorTls {
  const clientCa = needsClients ? pem('client-ca.pem') : null
  return new DoorTls({ cert: pem(`${name}.pem`), key: pem(`${name}.key`), clientCa }, TIMEOUT_MS)
}

/** The HTTP status of an export, or the error code of the connection. */
async function postOverHttps(port: number, identity?: Identity): Promise<number | string> {
  try {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: '/v1/traces',
      method: 'POST',
      ca: CA,
      ...identity,
      agent: false,
      headers: { 'content-type': 'application/x-protobuf' },
    })
    outgoing.end(traces({ service: 'shop' }))
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    response.resume()
    return response.statusCode ?? 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed'
  }
}

/** The code of a call by the official client. */
async function callOverTls(port: number, identity?: Identity): Promise<number> {
  const channel = credentials.createSsl(CA, identity?.key ?? null, identity?.cert ?? null)
  const client = new Client(`127.0.0.1:${port}`, channel, {
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    // By itself it names the address to the server, which Node 26 refuses to send for an IP (RFC 6066, 3).
    'grpc.ssl_target_name_override': 'localhost',
  })
  const same = (bytes: Buffer): Buffer => bytes
  try {
    return await new Promise((resolve) => {
      const done = (error: ServiceError | null) => resolve(error?.code ?? 0)
      client.makeUnaryRequest(METHODS.traces, same, same, traces({ service: 'shop' }), done)
    })
  } finally {
    client.close()
  }
}

/** The common name a door shows. */
async function nameOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ca: CA, ALPNProtocols: ['h2', 'http/1.1'] })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  const { subject } = (socket as TLSSocket).getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

t.test('otlp 7: both doors speak TLS, and nothing else once they do', async (t) => {
  const tls = tlsOf('server')
  const http = await openDoor(t, { tls })
  const grpc = await openGrpcDoor(t, { tls })
  t.equal(await postOverHttps(http.port), 200)
  t.equal(await callOverTls(grpc.port), 0)
  t.equal(http.rows.length + grpc.rows.length, 2)
  await t.rejects(http.post(traces({})), 'plain HTTP')
  t.equal((await grpc.call(traces({}))).code, 14)
  t.equal(await postOverHttps(http.port), 200)
  t.equal(await callOverTls(grpc.port), 0)
})

t.test('otlp 7: with a client CA only clients of that authority are heard', async (t) => {
  const tls = tlsOf('server', { needsClients: true })
  const http = await openDoor(t, { tls })
  const grpc = await openGrpcDoor(t, { tls })
  t.equal(await postOverHttps(http.port, CLIENT), 200)
  t.equal(await callOverTls(grpc.port, CLIENT), 0)
  for (const identity of [undefined, STRANGER]) {
    t.type(await postOverHttps(http.port, identity), 'string')
    t.equal(await callOverTls(grpc.port, identity), 14)
  }
  t.equal(http.requests.length + grpc.requests.length, 2)
})

t.test('a token is needed over TLS too where one is configured', async (t) => {
  const tls = tlsOf('server', { needsClients: true })
  const tokens = [{ token: 'acme-token', tenant: 'acme' }]
  const http = await openDoor(t, { tls, tokens })
  const grpc = await openGrpcDoor(t, { tls, tokens })
  t.equal(await postOverHttps(http.port, CLIENT), 401)
  t.equal(await callOverTls(grpc.port, CLIENT), 16)
})

t.test(
  'renewed files are taken over; broken ones are told of once and change nothing',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sidelight-tls-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const files = {
      otlpTlsCertFile: join(folder, 'tls.crt'),
      otlpTlsKeyFile: join(folder, 'tls.key'),
      otlpTlsClientCaFile: null,
    }
    const put = (name: string, suffix: 'pem' | 'key') =>
      copyFileSync(
        join(FOLDER, `${name}.${suffix}`),
        suffix === 'pem' ? files.otlpTlsCertFile : files.otlpTlsKeyFile,
      )
    put('server', 'pem')
    put('server', 'key')
    const certificates = readCertificates(files)
    if (certificates === null) throw new Error('no certificates')
    const tls = new DoorTls(certificates, TIMEOUT_MS)
    const ports = [(await openDoor(t, { tls })).port, (await openGrpcDoor(t, { tls })).port]
    const lines: { level: number; msg: string }[] = []
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as never) })
    let attempts = 0
    const stop = watchRenewals({
      files: [files.otlpTlsCertFile, files.otlpTlsKeyFile],
      take() {
        attempts++
        const renewed = readCertificates(files)
        if (renewed !== null) tls.renew(renewed)
      },
      log,
      intervalMs: 20,
    })
    t.teardown(stop)

    // The certificate comes before its key.
    put('renewed', 'pem')
    await until(() => attempts >= 3, TIMEOUT_MS, 'several attempts')
    t.strictSame(await Promise.all(ports.map(nameOf)), Array(2).fill('sidelight test server'))
    put('renewed', 'key')
    const isRenewed = async () =>
      (await Promise.all(ports.map(nameOf))).every((name) => name === 'sidelight test renewed')
    await until(isRenewed, TIMEOUT_MS, 'the renewed certificate')
    const count = attempts
    writeFileSync(files.otlpTlsCertFile, 'nonsense')
    await until(() => attempts >= count + 3, TIMEOUT_MS, 'several attempts')
    rmSync(files.otlpTlsCertFile)
    await until(() => lines.length === 4, TIMEOUT_MS, 'a line about a file that is gone')
    t.ok(await isRenewed())
    const WARN = 40
    t.strictSame(
      lines.map(({ level }) => level === WARN),
      [true, false, true, true],
    )
  },
)

t.test('a client that is slow with its handshake is cut off', async (t) => {
  const { cert, key } = { cert: pem('server.pem'), key: pem('server.key') }
  const tls = new DoorTls({ cert, key, clientCa: null }, 200)
  for (const port of [(await openDoor(t, { tls })).port, (await openGrpcDoor(t, { tls })).port]) {
    const socket = connectPlain(port, '127.0.0.1')
    socket.on('error', () => undefined).resume()
    await once(socket, 'close')
  }
})
