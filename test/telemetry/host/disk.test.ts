import t from 'tap'
import { parseDisks } from '../../../collector/telemetry/host/disk'
import { readProc } from './fixture'

t.test('whole disks are told, without partitions and what is made of other disks', async (t) => {
  const disks = parseDisks(readProc('server', 'diskstats'))
  t.strictSame(disks, [
    {
      name: 'nvme0n1',
      number: '259:0',
      reads: 1_200_345,
      readBytes: 98_765_432 * 512,
      writes: 2_300_456,
      writtenBytes: 187_654_320 * 512,
      busySeconds: 654.321,
    },
    {
      name: 'sda',
      number: '8:0',
      reads: 4096,
      readBytes: 4 * 2 ** 30,
      writes: 1024,
      writtenBytes: 2 ** 30,
      busySeconds: 30.72,
    },
    {
      name: 'sdp',
      number: '8:240',
      reads: 7,
      readBytes: 56 * 512,
      writes: 1,
      writtenBytes: 8 * 512,
      busySeconds: 0.004,
    },
    // There is no xvda: this is a disk, whatever it is called.
    {
      name: 'xvda1',
      number: '202:1',
      reads: 64,
      readBytes: 512 * 512,
      writes: 16,
      writtenBytes: 128 * 512,
      busySeconds: 0.04,
    },
  ])
})

t.test('a line that is cut off is passed over', async (t) => {
  t.strictSame(parseDisks('   8       0 sda 1 2 3\n'), [])
  t.strictSame(parseDisks(''), [])
})
