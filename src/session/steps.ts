import type { MaybePromise } from './record.ts'

/** A walk written as one straight function that waits at `yield* wait(…)`. */
export type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>

/** Waits for a value if it is a promise, and goes straight on if it is not. */
export function* wait<T>(value: MaybePromise<T>): Steps<T> {
  return isPromise(value) ? ((yield value) as T) : value
}

/**
 * Walks the steps. Where every store call answered at once the result is there at once, so that a
 * request on memory or SQLite stays synchronous (design §5); otherwise it is a promise.
 */
export function walk<T>(steps: Steps<T>): MaybePromise<T> {
  const first = steps.next()
  return first.done ? first.value : walkOn(steps, first.value)
}

async function walkOn<T>(steps: Steps<T>, pending: PromiseLike<unknown>): Promise<T> {
  for (;;) {
    const settled = await settle(pending)
    const step = 'error' in settled ? steps.throw(settled.error) : steps.next(settled.value)
    if (step.done) return step.value
    pending = step.value
  }
}

async function settle(
  pending: PromiseLike<unknown>,
): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await pending }
  } catch (error) {
    return { error }
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
