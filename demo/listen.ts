import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Listens on this computer alone, on the port or, where it is taken, the next free one.
 *
 * @param port 0 for any
 * @returns the address, such as `http://localhost:3000`
 */
export async function listen(server: Server, port: number): Promise<string> {
  for (;;) {
    try {
      await once(server.listen(port, 'localhost'), 'listening')
      return `http://localhost:${(server.address() as AddressInfo).port}`
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      port++
    }
  }
}
