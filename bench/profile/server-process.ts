// The benchmark's server, which tells when asked what its functions take and allocate.
import { Session } from 'node:inspector/promises'
import { type Call, allocationsOf, timesOf } from './calls.ts'
import '../http/server-process.ts'

/** How often V8 looks where the program is, in µs. */
const LOOK_EVERY = 200
/** One allocation in about so many bytes is looked at. */
const BYTES_PER_SAMPLE = 2048

const session = new Session()
session.connect()

const ANSWERS: Readonly<Record<string, () => Promise<Call | 'begun'>>> = {
  async beginTimes() {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: LOOK_EVERY })
    await session.post('Profiler.start')
    return 'begun'
  },
  async endTimes() {
    const { profile } = await session.post('Profiler.stop')
    return timesOf(profile)
  },
  async beginAllocations() {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: BYTES_PER_SAMPLE,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
    return 'begun'
  },
  async endAllocations() {
    const { profile } = await session.post('HeapProfiler.stopSampling')
    return allocationsOf(profile)
  },
}

process.on('message', (message: string) => {
  void ANSWERS[message]?.().then((answer) => process.send?.(answer))
})
