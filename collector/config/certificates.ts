import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { ConfigError } from './fault'
import { KEYS, type Settings } from './keys'

/** The TLS files of the OTLP doors, as they were read. */
export interface CertificateContents {
  readonly cert: Buffer
  readonly key: Buffer
  /** Null when clients need no certificate. */
  readonly clientCa: Buffer | null
  /** Unix milliseconds after which no client accepts `cert`. */
  readonly expiresMs: number
}

type Names = 'otlpTlsCertFile' | 'otlpTlsKeyFile' | 'otlpTlsClientCaFile'
/** The settings that name the files. */
export type CertificateFiles = Pick<Settings, Names>

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * Reads the files of the OTLP doors; null without TLS. Throws ConfigError for a file that cannot be read or used, and for a
 * key that is not that of the certificate.
 */
export function readCertificates(files: CertificateFiles): CertificateContents | null {
  const { otlpTlsCertFile, otlpTlsKeyFile, otlpTlsClientCaFile } = files
  if (otlpTlsCertFile === null || otlpTlsKeyFile === null) return null
  const [cert, leaf] = using('otlpTlsCertFile', otlpTlsCertFile, (pem) => {
    createSecureContext({ cert: pem })
    return new X509Certificate(pem)
  })
  const [key] = using('otlpTlsKeyFile', otlpTlsKeyFile, (pem) => {
    if (!leaf.checkPrivateKey(createPrivateKey(pem))) {
      throw new Error(`it is not the key of the certificate in ${otlpTlsCertFile}`)
    }
    createSecureContext({ cert, key: pem })
  })
  const clientCa =
    otlpTlsClientCaFile === null
      ? null
      : using('otlpTlsClientCaFile', otlpTlsClientCaFile, judgeAuthorities)[0]
  return { cert, key, clientCa, expiresMs: Date.parse(leaf.validTo) }
}

/** Node itself passes over what is no certificate in a list of authorities. */
function judgeAuthorities(pem: Buffer): void {
  const found = pem.toString('latin1').match(CERTIFICATE) ?? []
  if (found.length === 0) throw new Error('there is no certificate in it')
  for (const certificate of found) new X509Certificate(certificate)
}

/** The content of a file that `judge` can use, and what it returned. Throws ConfigError. */
function using<T>(
  name: Names,
  path: string,
  judge: (pem: Buffer) => T,
): readonly [pem: Buffer, result: T] {
  try {
    const pem = readFileSync(path)
    return [pem, judge(pem)]
  } catch (error) {
    const { env: key, type } = KEYS[name]
    const problem = `the file cannot be used: ${(error as Error).message}`
    throw new ConfigError([{ key, value: path, problem, allowed: type.allowed, place: null }])
  }
}
