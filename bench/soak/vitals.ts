import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How a process fares at one moment, when nothing is asked of it. */
export interface Vitals {
  /** In bytes, after a garbage collection. */
  readonly heap: number
  /** In bytes: buffers, and what else lies outside of the heap. */
  readonly external: number
  /** In bytes. */
  readonly rss: number
  /** What keeps the event loop alive, by Node's names: sockets, servers, timers, requests. */
  readonly handles: Readonly<Record<string, number>>
  readonly descriptors: number
  /** Of the event loop since the last time that it was asked, in ms. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly most: number }
}

const NANOSECONDS_PER_MS = 1e6

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const loop = monitorEventLoopDelay({ resolution: 10 })
loop.enable()

export function vitals(): Vitals {
  const delay = {
    p50: loop.percentile(50) / NANOSECONDS_PER_MS,
    p99: loop.percentile(99) / NANOSECONDS_PER_MS,
    most: loop.max / NANOSECONDS_PER_MS,
  }
  // What finalizers let go of is collected by the second.
  collectGarbage()
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  const handles: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1
  const answer = {
    heap: heapUsed,
    external,
    rss,
    handles,
    descriptors: readdirSync('/proc/self/fd').length,
    delay,
  }
  loop.reset()
  return answer
}
