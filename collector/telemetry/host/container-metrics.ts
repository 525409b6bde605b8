import type { ContainerCpu, ContainerDisk, ContainerMemory } from './container'
import type { DiskReading } from './disk'
import { type Metrics, point } from './instruments'
import type { InterfaceReading } from './network'
import type { HostReading } from './reader'

/**
 * The metrics of the container, that is of the cgroup this process is in; the reading before, `elapsedSeconds` ago, makes
 * CPUs of its CPU time.
 */
export function describeContainer(
  reading: HostReading,
  before: HostReading | null,
  elapsedSeconds: number,
): Metrics {
  const { container, disks, interfaces } = reading
  if (container === null) return {}
  const { cpu, memory, uptimeSeconds } = container
  const cpuBefore = before?.container?.cpu ?? null
  return {
    ...(cpu && describeCpu(cpu, cpuBefore, elapsedSeconds)),
    ...(memory && describeMemory(memory)),
    ...(container.disks && disks && describeDisks(container.disks, disks)),
    ...(uptimeSeconds !== null && { 'container.uptime': [point(uptimeSeconds)] }),
    // Without a process 1 of its own it is no container, and the interfaces are the machine's.
    ...(uptimeSeconds !== null && interfaces && describeNetwork(interfaces)),
  }
}

function describeCpu(
  { userSeconds, systemSeconds }: ContainerCpu,
  before: ContainerCpu | null,
  elapsedSeconds: number,
): Metrics {
  const byMode = (user: number, system: number) => [
    point(user, { 'cpu.mode': 'user' }),
    point(system, { 'cpu.mode': 'system' }),
  ]
  const time = { 'container.cpu.time': byMode(userSeconds, systemSeconds) }
  if (before === null || elapsedSeconds <= 0) return time
  const user = (userSeconds - before.userSeconds) / elapsedSeconds
  const system = (systemSeconds - before.systemSeconds) / elapsedSeconds
  // The counters began again.
  if (user < 0 || system < 0) return time
  return { ...time, 'container.cpu.usage': byMode(user, system) }
}

function describeMemory(memory: ContainerMemory): Metrics {
  const { usageBytes, workingSetBytes, rssBytes, availableBytes } = memory
  return {
    'container.memory.usage': [point(usageBytes)],
    'container.memory.working_set': [point(workingSetBytes)],
    ...(rssBytes !== null && { 'container.memory.rss': [point(rssBytes)] }),
    ...(availableBytes !== null && { 'container.memory.available': [point(availableBytes)] }),
  }
}

/** By the names of the machine's disks; what goes to anything else, such as a device mapper, goes to one of those too. */
function describeDisks(own: readonly ContainerDisk[], disks: readonly DiskReading[]): Metrics {
  const names = new Map(disks.map(({ number, name }) => [number, name]))
  return {
    'container.disk.io': own.flatMap(({ number, readBytes, writtenBytes }) => {
      const name = names.get(number)
      if (name === undefined) return []
      return [
        point(readBytes, { 'system.device': name, 'disk.io.direction': 'read' }),
        point(writtenBytes, { 'system.device': name, 'disk.io.direction': 'write' }),
      ]
    }),
  }
}

function describeNetwork(interfaces: readonly InterfaceReading[]): Metrics {
  return {
    'container.network.io': interfaces.flatMap(({ name, receive, transmit }) => [
      point(receive.bytes, { 'network.interface.name': name, 'network.io.direction': 'receive' }),
      point(transmit.bytes, { 'network.interface.name': name, 'network.io.direction': 'transmit' }),
    ]),
  }
}
