import { after, before, describe } from 'node:test'
import { redis } from '../../src/stores/redis.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { type OpenClient, openClients, twoStores } from '../support/redis-stores.ts'
import * as servers from '../support/servers.ts'
import { amounts } from '../support/store-amounts.ts'
import { untilItAnswers } from '../support/store-faults.ts'

for (const [name, open] of Object.entries(openClients)) {
  describe(`Redis by ${name}`, servers.redis.needed(), () => {
    let server: servers.RunningServer
    let clients: OpenClient[]

    before(async () => {
      server = await servers.redis.start()
      clients = [open(server.port), open(server.port)]
      for (const { client } of clients) await untilItAnswers(redis(client))
    })
    after(async () => {
      for (const client of clients) await client.end()
      await server.stop()
    })

    testStore('redis()', ({ now }) => twoStores(clients[0]!.client, clients[1]!.client, now), {
      ...amounts(1),
      without: ['sweep'],
    })
  })
}
