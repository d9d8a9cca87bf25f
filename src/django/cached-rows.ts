import type { MaybePromise } from '../session/record.ts'
import { cacheKeyOf, type DeleteKey, type DjangoCache, redisOf } from './cache-rows.ts'
import type { Rows } from './rows.ts'

/** A request of Django that had read the row before may put it into the cache after the first one. */
const AGAIN_AFTER_MS = [1000, 10_000]

/**
 * The engine `cached_db`: the row, and the cache's copy of it, which Django believes as long as it is
 * there. It is never read or written here, only deleted, whenever the row changes.
 */
export function cachedRows(rows: Rows, cache: DjangoCache): Rows {
  const keyOf = cacheKeyOf(cache, 'cached_db')
  const deleteKey = deleterOf(cache)
  const again = (name: string): void => {
    for (const delay of AGAIN_AFTER_MS) {
      setTimeout(() => void Promise.resolve(deleteKey(name)).catch(() => undefined), delay).unref()
    }
  }
  /** Where nothing was written too: a copy may have outlived its row. */
  const thenDelete = async (key: string, written: MaybePromise<boolean>): Promise<boolean> => {
    const answer = await written
    again(keyOf(key))
    await deleteKey(keyOf(key))
    return answer
  }
  return {
    ...rows,
    replace: (key, ...values) => thenDelete(key, rows.replace(key, ...values)),
    remove: (key, seen) => thenDelete(key, rows.remove(key, seen)),
  }
}

function deleterOf(cache: DjangoCache): DeleteKey {
  if (typeof cache.client === 'function') return cache.client
  const redis = redisOf(cache)
  return (key) => redis.within(() => redis.calls.send(key, ['DEL', key]))
}
