import { once } from 'node:events'
import { createServer } from 'node:http'
import { app } from './service.js'

const server = createServer(app)
await once(server.listen(0, '127.0.0.1'), 'listening')
console.log(`http://127.0.0.1:${server.address().port}`)
