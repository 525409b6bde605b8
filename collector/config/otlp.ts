import { declare } from './key'
import { headerNames, origins } from './origin'
import { address, optional, text, wholeNumber } from './value'

const PEM = 'the path of a PEM file'

/** The doors for telemetry, in the order they are shown. */
export const OTLP_KEYS = {
  otlpHttpAddress: declare({
    env: 'SIDELIGHT_OTLP_HTTP_ADDR',
    path: 'otlp.http_addr',
    type: address(),
    fallback: { host: '127.0.0.1', port: 4318 },
    description:
      'Where OTLP/HTTP is received. Anything but loopback needs an ingest token, or a client CA; port 0 takes a free one',
  }),
  otlpGrpcAddress: declare({
    env: 'SIDELIGHT_OTLP_GRPC_ADDR',
    path: 'otlp.grpc_addr',
    type: address(),
    fallback: { host: '127.0.0.1', port: 4317 },
    description: 'The same for OTLP/gRPC',
  }),
  otlpTlsCertFile: declare({
    env: 'SIDELIGHT_OTLP_TLS_CERT_FILE',
    path: 'otlp.tls.cert_file',
    type: optional<string>(text(PEM)),
    fallback: null,
    description:
      'The certificate of both OTLP doors and those between it and its root: with it they speak TLS alone. A renewed file is taken over within a minute',
  }),
  otlpTlsKeyFile: declare({
    env: 'SIDELIGHT_OTLP_TLS_KEY_FILE',
    path: 'otlp.tls.key_file',
    type: optional<string>(text(PEM)),
    fallback: null,
    description: 'The private key of that certificate, without a passphrase',
  }),
  otlpTlsClientCaFile: declare({
    env: 'SIDELIGHT_OTLP_TLS_CLIENT_CA_FILE',
    path: 'otlp.tls.client_ca_file',
    type: optional<string>(text(PEM)),
    fallback: null,
    description:
      'Certificates of authorities: with it clients need a certificate one of them signed, and no token besides unless one is configured',
  }),
  otlpCorsOrigins: declare<readonly string[]>({
    env: 'SIDELIGHT_OTLP_CORS_ORIGINS',
    path: 'otlp.cors.origins',
    type: origins(),
    fallback: [],
    description:
      'The pages whose browsers may send to the OTLP/HTTP door. Not set: none, and no CORS header is sent',
  }),
  otlpCorsHeaders: declare<readonly string[]>({
    env: 'SIDELIGHT_OTLP_CORS_HEADERS',
    path: 'otlp.cors.headers',
    type: headerNames(),
    fallback: [],
    description:
      'What those pages may send as headers beside `authorization`, `content-encoding` and `content-type`',
  }),
  otlpMaxConnections: declare({
    env: 'SIDELIGHT_OTLP_MAX_CONNECTIONS',
    path: 'otlp.max_connections',
    type: wholeNumber(1, 100_000),
    fallback: 1000,
    unit: 'connections',
    description: 'The most connections each OTLP door has open; further ones are closed at once',
  }),
  otlpHeaderTimeoutMs: declare({
    env: 'SIDELIGHT_OTLP_HEADER_TIMEOUT_MS',
    path: 'otlp.header_timeout_ms',
    type: wholeNumber(100, 600_000),
    fallback: 10_000,
    unit: 'ms',
    description:
      'How long the head of a request may take to arrive; then the connection is answered 408 and closed',
  }),
  otlpBodyTimeoutMs: declare({
    env: 'SIDELIGHT_OTLP_BODY_TIMEOUT_MS',
    path: 'otlp.body_timeout_ms',
    type: wholeNumber(100, 600_000),
    fallback: 60_000,
    unit: 'ms',
    description:
      'How long the body of a request may take to arrive after its head; then it is answered 408 and its memory is free again',
  }),
} as const
