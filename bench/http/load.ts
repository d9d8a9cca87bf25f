import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** A package that brings no types, or such as say otherwise than ours what a request is. */
export function load(name: string): unknown {
  return require(name)
}
