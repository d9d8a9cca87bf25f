import { SessionError } from '../errors.ts'
import type { ResponseHead } from './response-head.ts'

/** How a request calls its session and who the user is. */
export interface PropertyNames {
  /** Default `'session'`. */
  readonly sessionProperty?: string
  /** Default `'auth'`. */
  readonly requestProperty?: string
}

/**
 * Makes the function that gives a request its two accessors; they read what stands in the request's
 * slot. An app's own request prototype takes them once for all requests (Express makes one for each
 * app); otherwise each request does, since a built-in prototype is everybody's.
 */
export function createProperties(
  slot: symbol,
  sessionProperty: string,
  requestProperty: string,
): (request: object) => void {
  const exposed = Symbol('symbolon properties')
  const names = [sessionProperty, requestProperty]
  const properties: PropertyDescriptorMap = {
    [sessionProperty]: accessor(slot, 'session'),
    [requestProperty]: accessor(slot, 'auth'),
    [exposed]: { configurable: true, value: true },
  }
  return function expose(request) {
    if (exposed in request) return
    const taken = names.find((name) => name in request)
    if (taken !== undefined) throw propertyTaken(taken)
    const prototype: object | null = Object.getPrototypeOf(request)
    const shared = prototype !== null && !Object.hasOwn(prototype, 'constructor')
    Object.defineProperties(shared ? prototype : request, properties)
  }
}

interface Accessor {
  readonly configurable: true
  readonly get: () => unknown
  readonly set: () => void
}

export function accessor(slot: symbol, member: 'session' | 'auth'): Accessor {
  return {
    configurable: true,
    get(this: Readonly<Record<symbol, ResponseHead | undefined>>): unknown {
      return this[slot]?.[member]
    },
    // Without it the assignment would be silent in sloppy code, and nobody logged out.
    set(): void {
      throw new SessionError(
        'invalid_data',
        `The request's ${member} cannot be replaced; end a session by its logout()`,
      )
    },
  }
}

function propertyTaken(name: string): SessionError {
  return new SessionError(
    'invalid_option',
    `req.${name} is set by other middleware: remove that, or name ours by sessionProperty and requestProperty`,
  )
}
