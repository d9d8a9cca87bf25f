import { type Script, script } from './connection.ts'

// Each script writes under keys of one slot, answers with the number of its call first, and takes
// the time last: that of tests, or none, and then Redis itself has removed what has expired.

/** A session: what lies under its key, whatever wrote it. */
const SESSION = `
local text = redis.call('GET', KEYS[1])
local version, user, created, expires =
  string.match(text or '', '^[%w_-]+\\n([^\\n]+)\\n([^\\n]*)\\n(%d+)\\n(%d+)\\n')
local now = tonumber(ARGV[#ARGV])
if now and expires and tonumber(expires) <= now then text, version = false, nil end
local function answer(word) return {ARGV[1], word, user or '', created or ''} end
`

/** Writes are done before they are told of, and stand even if telling is forbidden. */
const TELL = `
local function tell(channel, message)
  if channel ~= '' then redis.pcall('PUBLISH', channel, message) end
end
`

/** The answer to the same write sent twice, by a client that reconnected, is the first one's. */
export const CREATE: Script = script(`${SESSION}
if text and text ~= ARGV[2] then return answer('taken') end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return answer('ok')`)

export const UPDATE: Script = script(`${SESSION}${TELL}
if not version or version == 'ended' then return answer('gone') end
if text == ARGV[2] then return answer('ok') end
if version ~= ARGV[4] then return answer('conflict') end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
tell(ARGV[5], ARGV[6])
return answer('ok')`)

export const TOUCH: Script = script(`${SESSION}
if not version or version == 'ended' then return answer('gone') end
if tonumber(ARGV[2]) > tonumber(expires) then
  local later = string.gsub(text, '^([^\\n]+\\n[^\\n]+\\n[^\\n]*\\n%d+\\n)%d+', '%1' .. ARGV[2], 1)
  redis.call('SET', KEYS[1], later, 'PXAT', ARGV[3])
end
return answer('ok')`)

/** Ends whatever version it is where a space stands for it: no version holds one. */
export const END: Script = script(`${SESSION}${TELL}
if not version or version == 'ended' then return answer('gone') end
if ARGV[4] ~= ' ' and version ~= ARGV[4] then return answer('conflict') end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
tell(ARGV[5], ARGV[6])
return answer('ok')`)

const TIME = `
local now = tonumber(ARGV[#ARGV])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
`

/** A user's sessions and mark: adds a session, or removes it if it has no end; answers with the mark. */
export const NOTE: Script = script(`${TIME}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if ARGV[3] == '' then redis.call('ZREM', KEYS[1], ARGV[2])
else redis.call('ZADD', KEYS[1], 'GT', ARGV[3], ARGV[2]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last + ARGV[4])) end
return {ARGV[1], redis.call('GET', KEYS[2]) or ''}`)

/** A user's mark, and the names of the sessions. */
export const LIST: Script = script(`${TIME}
local list = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf')
table.insert(list, 1, redis.call('GET', KEYS[2]) or '')
table.insert(list, 1, ARGV[1])
return list`)

/** A mark never sets back an earlier one's times; sent again after a fail-over, neither. */
export const MARK: Script = script(`${TELL}
local before, expires, names = ARGV[3], ARGV[4], ARGV[5]
local old = redis.call('GET', KEYS[1]) or ''
local oldBefore, oldExpires, oldNames = string.match(old, '^[^\\n]+\\n(%d+)\\n(%d+)(.*)')
if oldBefore and tonumber(oldBefore) > tonumber(before) then before, names = oldBefore, oldNames end
if oldExpires and tonumber(oldExpires) > tonumber(expires) then expires = oldExpires end
local mark = table.concat({ARGV[2], before, expires}, '\\n') .. names
redis.call('SET', KEYS[1], mark, 'PXAT', string.format('%.0f', expires + ARGV[6]))
tell(ARGV[7], ARGV[8])
return {ARGV[1]}`)

/** Replaces a text by another, or by none. */
export const SWAP: Script = script(`${TELL}
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return {ARGV[1], 'conflict'} end
if ARGV[3] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[3], 'PXAT', ARGV[4]) end
tell(ARGV[5], ARGV[6])
return {ARGV[1], 'ok'}`)

/** A text and what is left of its life in ms; less than nothing where it has no end. */
export const PEEK: Script = script(`
return {ARGV[1], redis.call('GET', KEYS[1]) or '', tostring(redis.call('PTTL', KEYS[1]))}`)

/** The log of revocations: its generation, the number of its first and last entry, and the entries. */
const LOG = `${TIME}
redis.call('HSETNX', KEYS[1], 'generation', ARGV[2])
local generation = redis.call('HGET', KEYS[1], 'generation')
local first = tonumber(redis.call('HGET', KEYS[1], 'first') or 1)
local last = tonumber(redis.call('HGET', KEYS[1], 'last') or 0)
local function expiry(entry) return tonumber(string.match(entry or '0 ', '^(%d+) ')) end
`

/**
 * Adds an entry and answers with its number. One that is sent again stays where it is; if another one
 * has its number, a master took the numbers with it that readers had seen, and they begin anew.
 */
export const LOG_ADD: Script = script(`${LOG}${TELL}
local number, entry = ARGV[3], ARGV[4]
if number ~= '' then
  if redis.call('HGET', KEYS[1], number) == entry then return {ARGV[1], number} end
  redis.call('HSET', KEYS[1], 'generation', ARGV[2])
end
last = last + 1
redis.call('HSET', KEYS[1], last, entry)
while first < last and expiry(redis.call('HGET', KEYS[1], first)) <= now do
  redis.call('HDEL', KEYS[1], first)
  first = first + 1
end
redis.call('HSET', KEYS[1], 'first', first, 'last', last)
tell(ARGV[5], ARGV[6])
return {ARGV[1], tostring(last)}`)

export const LOG_SINCE: Script = script(`${LOG}
local page = {ARGV[1], generation, tostring(last)}
for number = math.max(first, ARGV[3] + 1), last do
  local entry = redis.call('HGET', KEYS[1], number)
  if expiry(entry) > now then
    page[#page + 1] = tostring(number)
    page[#page + 1] = entry
  end
end
return page`)
