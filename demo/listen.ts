import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Listens on this computer alone, on the port or, where it is taken, the next free one; prints
 * which, if somebody asked for the one that is taken.
 *
 * @param variable the environment variable that asks for a port, 0 for any
 * @param usual the port if nobody asks
 * @returns the address, such as `http://localhost:3000`
 */
export async function listen(server: Server, variable: string, usual: number): Promise<string> {
  const asked = process.env[variable]
  const first = Number(asked ?? usual)
  const port = await listenFrom(server, first)
  if (asked !== undefined && first !== 0 && port !== first) {
    console.log(`${variable}: ${first} is taken, using ${port} instead.`)
  }
  return `http://localhost:${port}`
}

async function listenFrom(server: Server, first: number): Promise<number> {
  for (let port = first; ; port++) {
    try {
      await once(server.listen(port, 'localhost'), 'listening')
      return (server.address() as AddressInfo).port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
