/**
 * Budgets and circuits as scripts that Redis runs one at a time, by its own clock. KEYS: the budget (a hash), its grants (a
 * list, newest first), the connection's circuit (a hash), the connections whose circuits are not closed (a set). Times are milliseconds, kept with three digits behind the point.
 * `ARGV[1]` is the time, or empty for that of Redis.
 */
const PRELUDE = `
local function number(key, field) return tonumber(redis.call('HGET', key, field) or '') or 0 end
local function text(value) return string.format('%.3f', value) end
local now = tonumber(ARGV[1])
if now == nil then
  local time = redis.call('TIME')
  now = time[1] * 1000 + time[2] / 1000
end
local budget, grants, circuit, opened = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local day = 86400000
`;

/**
 * ARGV: time, whether it goes even if down, how long a probe lasts, whether it is wary, then for each window its grants and
 * its milliseconds. Answers whether it is granted (1, 0), then era, owes, isProbe, or wait (as a text) and cause.
 */
export const TAKE = `${PRELUDE}
local evenIfDown, probeMs, wary = ARGV[2] == '1', tonumber(ARGV[3]), ARGV[4] == '1'
local level = number(circuit, 'level')
if level > 0 and not evenIfDown then
  local wait = number(circuit, 'openUntil') - now
  if wait <= 0 then wait = math.min(1000, number(circuit, 'probeUntil') - now) end
  if wait > 0 then return {0, text(wait), 'down'} end
end
local most, longest = 0, 0
for at = 5, #ARGV, 2 do
  most = math.max(most, tonumber(ARGV[at]))
  longest = math.max(longest, tonumber(ARGV[at + 1]))
end
local known = number(budget, 'kept')
local kept = math.max(known, most)
local function keepGrants()
  if kept > known then
    redis.call('HSET', budget, 'kept', kept)
    redis.call('PEXPIRE', budget, day)
  end
  redis.call('PEXPIRE', grants, math.ceil(longest) + 60000)
end
if wary and most > 0 then
  local last = tonumber(redis.call('LINDEX', grants, 0) or '')
  if last == nil or last <= now - longest then
    redis.call('DEL', grants)
    for _ = 1, kept do redis.call('LPUSH', grants, text(now)) end
    keepGrants()
  end
end
local free = number(budget, 'closedUntil')
for at = 5, #ARGV, 2 do
  local last = tonumber(redis.call('LINDEX', grants, tonumber(ARGV[at]) - 1) or '')
  if last ~= nil then free = math.max(free, last + tonumber(ARGV[at + 1])) end
end
if free > now then return {0, text(free - now), 'limit'} end
if kept > 0 then
  redis.call('LPUSH', grants, text(now))
  redis.call('LTRIM', grants, 0, kept - 1)
  keepGrants()
end
local isProbe = level > 0 and not evenIfDown
if isProbe then redis.call('HSET', circuit, 'probeUntil', text(now + probeMs)) end
local owes = level > 0 or number(circuit, 'failures') > 0 or number(budget, 'refusals') > 0
return {1, number(circuit, 'era'), owes and 1 or 0, isProbe and 1 or 0}
`;

/**
 * ARGV: time, era, whether it was a probe, the vendor's state, the connection, how long to close or empty, the back-off (first, longest,
 * stretch; empty: none), the circuit's rule (failures, over, forget after, first, longest, stretch). Answers what the back-off
 * and the opening came to (-1: there was none), and whether the vendor is back.
 */
export const REPORT = `${PRELUDE}
local era, isProbe, vendor = tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4]
local closeMs, firstBackOff = tonumber(ARGV[6]), tonumber(ARGV[7])
local backedOff, downMs, isBack = -1, -1, 0
local function close(ms)
  if now + ms > number(budget, 'closedUntil') then redis.call('HSET', budget, 'closedUntil', text(now + ms)) end
  redis.call('PEXPIRE', budget, day)
end
if closeMs ~= nil then close(closeMs) end
if firstBackOff ~= nil then
  local rest = number(budget, 'backedOffUntil') - now
  if rest > 0 then
    backedOff = math.ceil(rest)
  else
    local refusals = number(budget, 'refusals')
    local step = firstBackOff * 2 ^ math.min(refusals, 10)
    backedOff = math.ceil(math.min(tonumber(ARGV[8]), step * tonumber(ARGV[9])))
    redis.call('HSET', budget, 'refusals', refusals + 1, 'backedOffUntil', text(now + backedOff))
    close(backedOff)
  end
end
if vendor == 'up' and closeMs == nil and firstBackOff == nil then redis.call('HDEL', budget, 'refusals') end
if era ~= number(circuit, 'era') then return {backedOff, downMs, isBack} end

local level = number(circuit, 'level')
local function open()
  local step = tonumber(ARGV[13]) * 2 ^ math.min(level, 20) * tonumber(ARGV[15])
  downMs = math.ceil(math.min(tonumber(ARGV[14]), step))
  redis.call('HSET', circuit, 'level', level + 1, 'era', era + 1, 'openUntil', text(now + downMs), 'probeUntil', '0')
  redis.call('SADD', opened, ARGV[5])
  redis.call('PEXPIRE', opened, 7 * day)
end
if vendor == 'up' then
  if level > 0 then isBack = 1 end
  if redis.call('EXISTS', circuit) == 1 then redis.call('HSET', circuit, 'level', 0, 'failures', 0) end
  redis.call('SREM', opened, ARGV[5])
elseif vendor == 'down' then
  if level > 0 then
    if now >= number(circuit, 'openUntil') then open() end
  else
    local failures = number(circuit, 'failures')
    if failures == 0 or now - number(circuit, 'failedAt') > tonumber(ARGV[12]) then
      failures = 0
      redis.call('HSET', circuit, 'failingSince', text(now))
    end
    failures = failures + 1
    redis.call('HSET', circuit, 'failures', failures, 'failedAt', text(now))
    if failures >= tonumber(ARGV[10]) and now - number(circuit, 'failingSince') >= tonumber(ARGV[11]) then open() end
  end
  redis.call('PEXPIRE', circuit, day)
elseif isProbe then
  redis.call('HSET', circuit, 'probeUntil', '0')
end
return {backedOff, downMs, isBack}
`;
