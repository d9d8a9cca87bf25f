import { ENDED, type SessionRecord, type Store, type UserMark } from '../../src/session/record.ts'
import { memory } from '../../src/stores/memory.ts'

/**
 * A store of servers' kind: a mark is a note beside the records, looked up whenever one of them is
 * asked for, and nobody is told of changes. Records stay until they are ended one by one.
 */
export function markingStore(now: () => number): Required<Omit<Store, 'changes'>> {
  const { changes: _changes, ...store } = memory({ now })
  const marks = new Map<string, UserMark>()
  const ids = new Map<string, string>()

  const isCovered = (handle: string, { userId = '', created }: SessionRecord): boolean => {
    const mark = marks.get(userId)
    return mark !== undefined && created <= mark.before && !mark.except.includes(handle)
  }
  const find = async (id: string): Promise<SessionRecord | typeof ENDED | undefined> => {
    const read = await store.read(id)
    return typeof read === 'object' && isCovered(store.handle(id), read) ? ENDED : read
  }
  const living = async (id: string): Promise<boolean> => typeof (await find(id)) === 'object'
  const idOf = (handle: string): string => ids.get(handle) ?? ''

  const verbs: Pick<Store, 'update' | 'end'> = {
    update: async (id, record, seen) =>
      (await living(id)) ? store.update(id, record, seen) : 'gone',
    end: async (id, seen) => ((await living(id)) ? store.end(id, seen) : 'gone'),
  }
  return {
    ...store,
    ...verbs,
    read: find,
    create(id, record) {
      ids.set(store.handle(id), id)
      return store.create(id, record)
    },
    touch: async (id, expires) => ((await living(id)) ? store.touch(id, expires) : false),
    ofUser: async (userId) =>
      (await store.ofUser(userId)).filter(({ handle, record }) => !isCovered(handle, record)),
    updateHandle: (handle, record, seen) => verbs.update(idOf(handle), record, seen),
    endHandle: async (handle) => (await verbs.end(idOf(handle))) === 'ok',
    revokeUser(userId, mark) {
      const { before, expires } = marks.get(userId) ?? mark
      marks.set(userId, {
        before: Math.max(before, mark.before),
        except: mark.except,
        expires: Math.max(expires, mark.expires),
      })
    },
    userMark: (userId) => marks.get(userId),
  }
}
