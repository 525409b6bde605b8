import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../collector/config'
import { type CertificateFiles, readCertificates } from '../../collector/config/certificates'

const fixture = (name: string): string => join(__dirname, '..', 'fixtures', 'tls', name)

const SOUND: CertificateFiles = {
  otlpTlsCertFile: fixture('server.pem'),
  otlpTlsKeyFile: fixture('server.key'),
  otlpTlsClientCaFile: fixture('client-ca.pem'),
}

t.test('sound files are read, and none without a certificate', async (t) => {
  const certificates = readCertificates(SOUND)
  t.equal(new Date(certificates?.expiresMs ?? 0).getUTCFullYear(), 2126)
  for (const content of [certificates?.cert, certificates?.key, certificates?.clientCa]) {
    t.match(content?.toString(), /^-----BEGIN /)
  }
  const none = { otlpTlsCertFile: null, otlpTlsKeyFile: null, otlpTlsClientCaFile: null }
  t.equal(readCertificates(none), null)
  t.equal(readCertificates({ ...SOUND, otlpTlsClientCaFile: null })?.clientCa, null)
})

t.test('a file that cannot be used is named with its setting', async (t) => {
  const [cert, key, clientCa] = [
    'SIDELIGHT_OTLP_TLS_CERT_FILE',
    'SIDELIGHT_OTLP_TLS_KEY_FILE',
    'SIDELIGHT_OTLP_TLS_CLIENT_CA_FILE',
  ]
  const cases: [files: Partial<CertificateFiles>, key: string, problem: RegExp][] = [
    [{ otlpTlsCertFile: fixture('missing.pem') }, cert, /ENOENT/],
    [{ otlpTlsCertFile: fixture('server.key') }, cert, /cannot be used/],
    [{ otlpTlsCertFile: fixture('README.md') }, cert, /cannot be used/],
    [{ otlpTlsKeyFile: fixture('') }, key, /EISDIR/],
    [{ otlpTlsKeyFile: fixture('server.pem') }, key, /cannot be used/],
    [{ otlpTlsKeyFile: fixture('client.key') }, key, /not the key of the certificate in .*server/],
    [{ otlpTlsClientCaFile: fixture('missing.pem') }, clientCa, /ENOENT/],
    [{ otlpTlsClientCaFile: fixture('server.key') }, clientCa, /there is no certificate in it/],
  ]
  for (const [files, key, problem] of cases) {
    try {
      readCertificates({ ...SOUND, ...files })
      t.fail(`${key} was accepted`)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      t.match(error.faults, [{ key, problem }])
      t.notMatch(error.message, /BEGIN/)
    }
  }
})
