import { app } from './service.js'

console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
