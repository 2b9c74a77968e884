// What does Redis itself do where it counts? `core/rate-limit` in Lua, line by line; a property test compares them.

/**
 * A count is kept as `used:hits:startedAt:endsAt:refused`, until it says nothing any more. What reads otherwise was written by somebody
 * else, and is no count. The first argument is the present in milliseconds, or nothing: then it is Redis' own.
 */
const COUNTS = `
local MOST_SKEW = 600000

local function whole(number) return string.format('%.0f', number) end

local function present(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = present(ARGV[1])

-- MGET answers nothing where somebody has put something else.
local function read(text)
  if not text then return nil end
  local used, hits, startedAt, endsAt, refused = string.match(text, '^(%d+):(%d+):(%d+):(%d+):([01])$')
  if not used then return nil end
  return {
    used = tonumber(used),
    hits = tonumber(hits),
    startedAt = tonumber(startedAt),
    endsAt = tonumber(endsAt),
    refused = refused == '1',
  }
end

local function windowAt(at)
  return { limit = tonumber(ARGV[at]), period = tonumber(ARGV[at + 1]), longestWait = tonumber(ARGV[at + 2]) }
end

local function forgetAt(count, window)
  if count.hits > 0 and window.longestWait > window.period then return count.endsAt + window.longestWait end
  return count.endsAt
end

local function write(key, count, window)
  local rest = forgetAt(count, window) - now
  if rest <= 0 then
    redis.call('DEL', key)
    return
  end
  local text = table.concat({
    whole(count.used),
    whole(count.hits),
    whole(count.startedAt),
    whole(count.endsAt),
    count.refused and '1' or '0',
  }, ':')
  redis.call('SET', key, text, 'PX', whole(rest))
end
`

/** KEYS: the buckets. ARGV: the present; limit, period and longestWait of each. Answers allowed, the present, and four numbers of each. */
export const CONSUME: string = `${COUNTS}
local function isOpen(count, window)
  return now < count.endsAt and count.endsAt - now <= window.longestWait + MOST_SKEW
end

local function begin(before, window)
  local hits = 0
  if before and now < forgetAt(before, window) then hits = before.hits end
  return { used = 0, hits = hits, startedAt = now, endsAt = now + window.period, refused = false }
end

local function takeOne(count, window)
  local open = count
  if not count or not isOpen(count, window) then open = begin(count, window) end
  if open.used >= window.limit then return nil end
  local used = open.used + 1
  local hits, endsAt = open.hits, open.endsAt
  if used >= window.limit then
    hits = hits + 1
    endsAt = math.max(endsAt, now + math.min(window.period * 2 ^ (hits - 1), window.longestWait))
  end
  return { used = used, hits = hits, startedAt = open.startedAt, endsAt = endsAt, refused = open.refused }
end

local kept = redis.call('MGET', unpack(KEYS))
local tries = {}
local allowed = 1
for at = 1, #KEYS do
  local window = windowAt(3 * at - 1)
  local count = read(kept[at])
  local taken = takeOne(count, window)
  if not taken then allowed = 0 end
  tries[at] = { window = window, count = count, taken = taken }
end

local answer = { allowed, now }
local function say(remaining, endsAt, refused, first)
  for _, number in ipairs({ remaining, endsAt, refused, first }) do answer[#answer + 1] = number end
end

for at, try in ipairs(tries) do
  local window, count, taken = try.window, try.count, try.taken
  if not taken then
    local first = not count.refused
    say(0, count.endsAt, 1, first and 1 or 0)
    if first then
      count.refused = true
      write(KEYS[at], count, window)
    end
  elseif allowed == 1 then
    say(window.limit - taken.used, taken.endsAt, 0, 0)
    write(KEYS[at], taken, window)
  elseif count and isOpen(count, window) then
    say(window.limit - count.used, count.endsAt, 0, 0)
  else
    say(window.limit, now + window.period, 0, 0)
  end
end
return answer
`

/** KEYS: the buckets, then those to be cleared. ARGV: the present; when it was taken; limit, period and longestWait of each bucket. */
export const GIVE_BACK: string = `${COUNTS}
local takenAt = tonumber(ARGV[2])
local buckets = (#ARGV - 2) / 3

for at = 1, buckets do
  local window = windowAt(3 * at)
  local count = read(redis.call('MGET', KEYS[at])[1])
  if count and count.startedAt <= takenAt and count.used > 0 then
    local wasUsedUp = count.used >= window.limit
    count.used = count.used - 1
    if wasUsedUp then
      count.hits = math.max(0, count.hits - 1)
      count.endsAt = count.startedAt + window.period
    end
    write(KEYS[at], count, window)
  end
end
for at = buckets + 1, #KEYS do redis.call('DEL', KEYS[at]) end
return 1
`
