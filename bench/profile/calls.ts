import type { HeapProfiler, Profiler } from 'node:inspector'

/** A function, as called by those above it. */
export interface Call {
  readonly name: string
  /** Its file; empty for a function of V8 or of C++. */
  readonly url: string
  /** What it took itself: time in µs, or bytes. */
  readonly self: number
  readonly children: readonly Call[]
}

/** Time that the process slept is nobody's. */
const ASLEEP = '(idle)'

export function timesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Call {
  const times = new Map<number, number>()
  for (const [index, id] of samples.entries()) {
    times.set(id, (times.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  }
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const callOf = ({ id, callFrame, children = [] }: Profiler.ProfileNode): Call => ({
    name: callFrame.functionName,
    url: callFrame.url,
    self: callFrame.functionName === ASLEEP ? 0 : (times.get(id) ?? 0),
    children: children.map((child) => callOf(byId.get(child)!)),
  })
  return callOf(nodes[0]!)
}

export function allocationsOf({ head }: HeapProfiler.SamplingHeapProfile): Call {
  const callOf = (node: HeapProfiler.SamplingHeapProfileNode): Call => ({
    name: node.callFrame.functionName,
    url: node.callFrame.url,
    self: node.selfSize,
    children: node.children.map(callOf),
  })
  return callOf(head)
}

/** What a call took with all that it called. */
export function totalOf({ self, children }: Call): number {
  return children.reduce((sum, child) => sum + totalOf(child), self)
}
