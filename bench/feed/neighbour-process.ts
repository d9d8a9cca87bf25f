// A service beside the app, which only verifies. It tells its parent its port.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createVerifier } from 'symbolon/verify'
import { requireAuth } from 'symbolon/verify/express'

const verify = createVerifier({ app: process.argv[2]! })
const app = express()
app.use(requireAuth(verify))
app.get('/me', (_request, response) => void response.sendStatus(204))

const server = createServer(app)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
