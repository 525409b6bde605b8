import { Agent, get } from 'node:http'
import { cpuSeconds } from '../process-cost'

const CONNECTIONS = 16
const WARM_UP = 4_000
const REQUESTS = 12_000

/** The CPU, in microseconds, a server takes for a request, user and system, once it is warm. */
export async function microsARequest(pid: number, port: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  try {
    await send(agent, port, WARM_UP)
    const before = cpuSeconds(pid)
    await send(agent, port, REQUESTS)
    return ((cpuSeconds(pid) - before) * 1e6) / REQUESTS
  } finally {
    agent.destroy()
  }
}

async function send(agent: Agent, port: number, count: number): Promise<void> {
  let left = count
  const connection = async () => {
    while (left-- > 0) await one(agent, port, left)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
}

function one(agent: Agent, port: number, id: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ agent, host: '127.0.0.1', port, path: `/users/${id}` }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`))
      response.resume().on('end', resolve)
    }).on('error', reject)
  })
}
