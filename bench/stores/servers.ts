import { postgres, redis, type RunningServer, type ServerKind } from '../../test/support/servers.ts'

/** The servers that stores are measured with. */
export const STORE_SERVERS = { redis, postgres } as const

export function startIfThere(kind: ServerKind): Promise<RunningServer | undefined> {
  return kind.needed().skip === undefined ? kind.start() : Promise.resolve(undefined)
}

/** A line for each that is not installed: what is missing, and how to get it. */
export function missingServers(): string[] {
  return Object.values(STORE_SERVERS).flatMap((kind) => kind.needed().skip ?? [])
}
