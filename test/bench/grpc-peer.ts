/** A process of `grpc-memory.ts`: one OTLP/gRPC server, ours on node:http2 or one of @grpc/grpc-js, over the same admission budget. */
import { once } from 'node:events'
import { type AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Server, ServerCredentials, status, type ServiceDefinition } from '@grpc/grpc-js'
import { pino } from 'pino'
import { createAdmission } from '../../collector/receiver/admission'
import { createOtlpGrpcServer } from '../../collector/receiver/grpc'
import { createCounters } from '../../collector/telemetry/counters'

const MIB = 1024 * 1024
const BUDGET_BYTES = 128 * MIB
const MAX_BODY_BYTES = 64 * MIB

void main(process.argv[2] ?? '', Number(process.argv[3]))

/** `holdMs` is how long a request keeps its bytes, as its commit would. */
async function main(variant: string, holdMs: number): Promise<void> {
  const port = variant === 'node:http2' ? await serveOurs(holdMs) : await serveGrpcJs(holdMs)
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }))
  process.send?.({ port })
}

async function serveOurs(holdMs: number): Promise<number> {
  const { server } = createOtlpGrpcServer({
    accept: async (_request, onReleased) => {
      if (holdMs > 0) await wait(holdMs)
      onReleased()
      return { rejected: 0, message: '' }
    },
    admission: createAdmission(BUDGET_BYTES),
    maxConnections: 1_000,
    headerTimeoutMs: 10_000,
    bodyTimeoutMs: 60_000,
    maxBodyBytes: MAX_BODY_BYTES,
    maxResponseBytes: 4 * MIB,
    tokens: [],
    tls: null,
    counters: createCounters(),
    log: pino({ level: 'silent' }),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function serveGrpcJs(holdMs: number): Promise<number> {
  const admission = createAdmission(BUDGET_BYTES)
  const server = new Server({ 'grpc.max_receive_message_length': MAX_BODY_BYTES })
  const same = (bytes: Buffer): Buffer => bytes
  const service: ServiceDefinition = {
    Export: {
      path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  }
  server.addService(service, {
    // It is asked for the first time when the message is whole.
    Export(call: { request: Buffer }, callback: (error: object | null, value?: Buffer) => void) {
      const reservation = admission.open()
      if (!reservation.growTo(call.request.length)) {
        callback({ code: status.UNAVAILABLE, details: 'full' })
        return
      }
      const done = () => {
        reservation.release()
        callback(null, Buffer.alloc(0))
      }
      if (holdMs > 0) setTimeout(done, holdMs)
      else done()
    },
  })
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error)
      else resolve(port)
    })
  })
}
