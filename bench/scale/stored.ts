import { KINDS, type Kind, startGrowing } from '../growth/stores.ts'

/** What a session takes where it is kept, with its share of all indexes, in bytes. */
export type Stored = Readonly<Partial<Record<Kind, number>>>

/** @param folder where files may lie */
export async function measureStored(folder: string, sessions: number): Promise<Stored> {
  const stored: Partial<Record<Kind, number>> = {}
  for (const kind of KINDS) {
    const growing = await startGrowing(kind, folder)
    if (growing === undefined) continue
    try {
      const grown = await growing.add()
      await grown.addSessions({ from: 1, count: sessions })
      stored[kind] = (await grown.bytes()) / sessions
    } finally {
      await growing.close()
    }
  }
  return stored
}
