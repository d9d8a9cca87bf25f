// What the store in Redis does when the network fails.
import { redis } from '../../src/stores/redis.ts'
import { testNetwork, TIMEOUT_MS } from '../support/network-faults.ts'
import { openClients } from '../support/redis-stores.ts'
import { redis as server } from '../support/servers.ts'

for (const [name, openClient] of Object.entries(openClients)) {
  testNetwork(name, {
    server,
    connections: 1,
    connect(port) {
      const { client, end } = openClient(port)
      return { open: () => redis(client, { timeout: TIMEOUT_MS }), end }
    },
  })
}
