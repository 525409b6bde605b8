import { CPU_MODES, type CpuReading, type CpuSeconds, shareCpu } from './cpu'
import type { DiskReading } from './disk'
import { type Metrics, type Point, point } from './instruments'
import type { LoadReading } from './load'
import type { MemoryReading } from './memory'
import type { InterfaceReading, Traffic } from './network'
import type { FilesystemReading, HostReading } from './reader'

/** The metrics of the machine; the reading before makes shares of the times of the CPUs. */
export function describeSystem(reading: HostReading, before: HostReading | null): Metrics {
  const { cpu, load, uptimeSeconds, memory, disks, filesystems, interfaces } = reading
  return {
    ...(uptimeSeconds !== null && { 'system.uptime': [point(uptimeSeconds)] }),
    ...(cpu && describeCpu(cpu, before?.cpu ?? null)),
    ...(load && describeLoad(load)),
    ...(memory && describeMemory(memory)),
    ...(disks && describeDisks(disks)),
    ...(filesystems && describeFilesystems(filesystems)),
    ...(interfaces && describeNetwork(interfaces)),
  }
}

function describeCpu(cpu: CpuReading, before: CpuReading | null): Metrics {
  const byMode = (seconds: CpuSeconds) =>
    CPU_MODES.map((mode) => point(seconds[mode], { 'cpu.mode': mode }))
  const shares = before && shareCpu(cpu.seconds, before.seconds)
  return {
    'system.cpu.logical.count': [point(cpu.logicalCount)],
    'system.cpu.time': byMode(cpu.seconds),
    ...(shares && { 'system.cpu.utilization': byMode(shares) }),
  }
}

function describeLoad({ oneMinute, fiveMinutes, fifteenMinutes }: LoadReading): Metrics {
  return {
    'system.cpu.load_average.1m': [point(oneMinute)],
    'system.cpu.load_average.5m': [point(fiveMinutes)],
    'system.cpu.load_average.15m': [point(fifteenMinutes)],
  }
}

function describeMemory(memory: MemoryReading): Metrics {
  const { totalBytes, availableBytes, swapTotalBytes, swapFreeBytes } = memory
  const usage = byState('system.memory.state', {
    used: memory.usedBytes,
    free: memory.freeBytes,
    buffers: memory.buffersBytes,
    cached: memory.cachedBytes,
  })
  const paging = byState('system.paging.state', {
    used: swapTotalBytes - swapFreeBytes,
    free: swapFreeBytes,
  })
  return {
    'system.memory.usage': usage,
    'system.memory.utilization': sharesOf(usage, totalBytes),
    'system.memory.limit': [point(totalBytes)],
    'system.memory.linux.available': [point(availableBytes)],
    'system.paging.usage': paging,
    'system.paging.utilization': sharesOf(paging, swapTotalBytes),
  }
}

function describeDisks(disks: readonly DiskReading[]): Metrics {
  const byDirection = (name: string, read: number, write: number) => [
    point(read, { 'system.device': name, 'disk.io.direction': 'read' }),
    point(write, { 'system.device': name, 'disk.io.direction': 'write' }),
  ]
  return {
    'system.disk.io': disks.flatMap(({ name, readBytes, writtenBytes }) =>
      byDirection(name, readBytes, writtenBytes),
    ),
    'system.disk.operations': disks.flatMap(({ name, reads, writes }) =>
      byDirection(name, reads, writes),
    ),
    'system.disk.io_time': disks.map(({ name, busySeconds }) =>
      point(busySeconds, { 'system.device': name }),
    ),
  }
}

function describeFilesystems(filesystems: readonly FilesystemReading[]): Metrics {
  const described = filesystems.map(({ mount, space }) => {
    const { usedBytes, freeBytes, reservedBytes } = space
    const { device, type, mode, mountpoint } = mount
    const attributes = {
      ...(device !== undefined && { 'system.device': device }),
      'system.filesystem.mountpoint': mountpoint,
      ...(type !== undefined && { 'system.filesystem.type': type }),
      ...(mode !== undefined && { 'system.filesystem.mode': mode }),
    }
    const states = { used: usedBytes, free: freeBytes, reserved: reservedBytes }
    const usage = byState('system.filesystem.state', states, attributes)
    const limitBytes = usedBytes + freeBytes + reservedBytes
    return { usage, shares: sharesOf(usage, limitBytes), limit: point(limitBytes, attributes) }
  })
  return {
    'system.filesystem.usage': described.flatMap(({ usage }) => usage),
    'system.filesystem.utilization': described.flatMap(({ shares }) => shares),
    'system.filesystem.limit': described.map(({ limit }) => limit),
  }
}

function describeNetwork(interfaces: readonly InterfaceReading[]): Metrics {
  const byDirection = (figure: keyof Traffic, key: string) =>
    interfaces.flatMap(({ name, receive, transmit }) => [
      point(receive[figure], { [key]: name, 'network.io.direction': 'receive' }),
      point(transmit[figure], { [key]: name, 'network.io.direction': 'transmit' }),
    ])
  return {
    'system.network.io': byDirection('bytes', 'network.interface.name'),
    // The semantic conventions name the interface in another way for this one.
    'system.network.packet.count': byDirection('packets', 'system.device'),
    'system.network.packet.dropped': byDirection('dropped', 'network.interface.name'),
    'system.network.errors': byDirection('errors', 'network.interface.name'),
  }
}

function byState(
  key: string,
  states: Readonly<Record<string, number>>,
  attributes: Point['attributes'] = {},
): Point[] {
  return Object.entries(states).map(([state, value]) =>
    point(value, { ...attributes, [key]: state }),
  )
}

/** The same as shares of the whole, 0 to 1; none of nothing. */
function sharesOf(points: readonly Point[], whole: number): Point[] {
  if (whole === 0) return []
  return points.map(({ value, attributes }) => point(value / whole, attributes))
}
