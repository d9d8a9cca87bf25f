import type { Call } from './calls.ts'

/** The steps of a request's walk (ARCHITECTURE.md), and by which files a function belongs to one. */
const FILES = {
  adapter: /\/dist\/adapters\/(?!response-head|head-|node-head)/,
  'open: cookie': /\/dist\/token\/cookie-values/,
  'open: token': /\/dist\/token\//,
  'open: the rest': /\/dist\/session\/(?:open|identity)/,
  'store, memory of reads': /\/dist\/(?:stores|session\/(?:recent|store-guard|endings))/,
  session: /\/dist\/session\/(?:visit|session|state|data|operations|signals)/,
  'commit: plan, write': /\/dist\/session\//,
  'response head': /\/dist\/adapters\/(?:response-head|head-|node-head)/,
  'express-session': /\/node_modules\/express-session\//,
  handler: /\/bench\/http\/apps/,
  Express: /\/node_modules\//,
} as const

export type Step = keyof typeof FILES | 'garbage collector' | 'Node'
export const STEPS = [...Object.keys(FILES), 'garbage collector', 'Node'] as readonly Step[]

/** By these the answer goes out, whoever calls them. */
const GOES_OUT: readonly string[] = ['writeHead', 'write', 'end', 'flushHeaders']

/**
 * The step that a call belongs to. What Node and V8 do for a function is that function's; what they
 * do by themselves is theirs.
 */
export function stepOf({ name, url }: Call, caller: Step): Step {
  if (name === '(garbage collector)') return 'garbage collector'
  if (url.startsWith('node:') && GOES_OUT.includes(name)) return 'Node'
  const files = Object.entries(FILES) as [Step, RegExp][]
  return files.find(([, form]) => form.test(url))?.[0] ?? caller
}

/** What each step took itself. */
export function sharesOf(root: Call): ReadonlyMap<Step, number> {
  const shares = new Map<Step, number>()
  const add = (call: Call, caller: Step): void => {
    const step = stepOf(call, caller)
    shares.set(step, (shares.get(step) ?? 0) + call.self)
    for (const child of call.children) add(child, step)
  }
  add(root, 'Node')
  return shares
}
