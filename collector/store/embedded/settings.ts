import { statfsSync } from 'node:fs'

/** Parallel queries share memory through here; containers often give it 64 MiB only, which large joins overrun. */
const SHARED_MEMORY = '/dev/shm'
const ENOUGH_SHARED_MEMORY_BYTES = 256 * 1024 * 1024

/** What the embedded server runs with: durable, and modest beside the application it serves. */
export function serverSettings(): Readonly<Record<string, string>> {
  return {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    shared_buffers: '128MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    max_connections: '50',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    max_wal_size: '1GB',
    wal_compression: 'on',
    checkpoint_timeout: '10min',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_line_prefix: '%m [%p] ',
    log_checkpoints: 'off',
    // What applications send may be private: neither values nor statements belong into the log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    dynamic_shared_memory_type: hasSharedMemory() ? 'posix' : 'mmap',
  }
}

function hasSharedMemory(): boolean {
  if (process.platform !== 'linux') return true
  try {
    const { blocks, bsize } = statfsSync(SHARED_MEMORY)
    return blocks * bsize >= ENOUGH_SHARED_MEMORY_BYTES
  } catch {
    // Not mounted.
    return false
  }
}
