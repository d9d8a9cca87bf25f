// Stores for express-session that need a server, as apps use them.
import { after, before, describe } from 'node:test'
import { testConnect } from '../support/connect-suite.ts'
import { require } from '../support/express-session.ts'
import * as servers from '../support/servers.ts'

const session = require('express-session')
const { createClient } = require('redis')
const { RedisStore } = require('connect-redis')
const { Pool } = require('pg')
const PgStore = require('connect-pg-simple')(session)
const MySqlStore = require('express-mysql-session')(session)
const MemcachedStore = require('connect-memcached')(session)

const host = '127.0.0.1'
const modest = { histories: 30, logouts: 500 }
const slow = { 'RAC-09': 'takes minutes where each answer crosses a network' }

describe('Redis', servers.redis.needed(), () => {
  let server: servers.RunningServer
  let client: any
  before(async () => {
    server = await servers.redis.start()
    client = await createClient({ socket: { host, port: server.port } }).connect()
  })
  after(async () => {
    client.destroy()
    await server.stop()
  })

  testConnect('connect-redis', () => ({ store: new RedisStore({ client }) }), {
    ...modest,
    except: slow,
  })
})

describe('PostgreSQL', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let pool: any
  before(async () => {
    server = await servers.postgres.start()
    pool = new Pool({ host, port: server.port, user: 'postgres', database: 'postgres' })
  })
  after(async () => {
    await pool.end()
    await server.stop()
  })

  const store = () => new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false })
  testConnect('connect-pg-simple', () => ({ store: store() }), { ...modest, except: slow })
})

describe('MariaDB', servers.mariadb.needed(), () => {
  let server: servers.RunningServer
  before(async () => {
    server = await servers.mariadb.start()
  })
  after(() => server.stop())

  const year9999 = 'its column of seconds ends in 2106'
  testConnect(
    'express-mysql-session',
    async () => {
      const options = { host, port: server.port, user: 'root', database: 'test' }
      const store = new MySqlStore({ ...options, clearExpired: false })
      await store.onReady()
      return { store, close: () => store.close() }
    },
    {
      ...modest,
      except: { ...slow, 'its end too': year9999, 'year 9999': year9999, 'R10 an ended': year9999 },
    },
  )
})

describe('memcached', servers.memcached.needed(), () => {
  let server: servers.RunningServer
  before(async () => {
    server = await servers.memcached.start()
  })
  after(() => server.stop())

  const month = 'more than 30 days are a date to memcached, and long past'
  testConnect(
    'connect-memcached',
    () => {
      const store = new MemcachedStore({ hosts: [`${host}:${server.port}`] })
      return { store, close: () => store.client.end() }
    },
    {
      ...modest,
      except: {
        ...slow,
        'unknown id': 'its keys have at most 250 bytes and no spaces',
        'its end too': month,
        'year 9999': month,
        'R10 an ended': month,
      },
    },
  )
})
