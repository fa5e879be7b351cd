"""What the server does in one step each, in Lua: on its own clock, in whole microseconds.

The sums are those of `ultra.limits.gcra`; the server is given costs and windows ready-made, so that only additions and
comparisons of whole numbers below 2**53 happen there, which Lua's doubles hold exactly. Numbers are written with `%.0f`
because Lua would write large ones in scientific notation. Every key lives as long as what it says is not over.

All decisions come before the first write: a refusal writes nothing, and a server that may not write (read-only, full)
fails at the first one, before anything was counted.
"""

import hashlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the name under which the server knows it once it has run."""

    text: str
    sha: str


def _script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end
local function milliseconds(span) return whole(math.ceil(span / 1000)) end
"""

_KEEP: Final = """
local function keep(key, tat)
  if tat > now then redis.call('SET', key, whole(tat), 'PX', milliseconds(tat - now)) else redis.call('DEL', key) end
end
"""

_OCCUPY: Final = """
local function occupy(key, id, span)
  redis.call('ZADD', key, whole(now + span), id)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now))
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIRE', key, milliseconds(last - now))
end
"""

CHARGE: Final = _script(
    _NOW
    + _KEEP
    + _OCCUPY
    + """
local charges, asked = tonumber(ARGV[1]), tonumber(ARGV[#ARGV])
local last = #KEYS - asked
local starts, tats, at, passed = {}, {}, 1, 1
local found = charges > 0 and redis.call('MGET', unpack(KEYS, 1, charges)) or {}
local reply = {'', whole(now)}
for i = 1, charges do
  local cost, window, most = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local start = math.max(tonumber(found[i] or '0') or 0, now)
  starts[i], reply[i + 2] = start, whole(start)
  if cost > 0 and start > now and start + cost - now > window then passed = 0 end
  tats[i] = math.min(start + cost, math.max(start, now + most))
  at = at + 3
end
local wanted = {}
local places = at
for i = charges + 1, last do
  local key, most = KEYS[i], tonumber(ARGV[at + 1])
  wanted[key] = (wanted[key] or 0) + 1
  local full = redis.call('ZCOUNT', key, '(' .. whole(now), '+inf') + wanted[key] > most
  reply[i + 2] = full and '1' or '0'
  if full then passed = 0 end
  at = at + 3
end
reply[1] = passed == 1 and '1' or '0'
if passed == 1 then
  for i = 1, charges do
    if tats[i] > starts[i] then keep(KEYS[i], tats[i]) end
    reply[i + 2] = whole(tats[i])
  end
  at = places
  for i = charges + 1, last do
    occupy(KEYS[i], ARGV[at + 3], tonumber(ARGV[at + 2]))
    at = at + 3
  end
end
if asked == 1 then reply[#KEYS + 2] = redis.call('GET', KEYS[#KEYS]) or '?' end
return table.concat(reply, ' ')
"""
)
"""Keys: counters, then places, then perhaps a user's version. Arguments: how many counters; for each its cost, window
and longest debt; for each place how many at most, for how long, and the lease's id; 1 where a version is asked for,
else 0. Answers words in one text, which is read much more quickly than an array: 1 or 0, the time, each counter's TAT
(moved when 1), for each place 1 where it is full, and what stands for the version."""

CORRECT: Final = _script(
    _NOW
    + _KEEP
    + """
local start = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') or 0, now)
keep(KEYS[1], math.min(start + ARGV[1], math.max(start, now + ARGV[2])))
return 1
"""
)
"""Key: a counter. Arguments: how far to move it, and the longest debt."""

RENEW: Final = _script(
    _NOW
    + _OCCUPY
    + """
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) <= now then return 0 end
occupy(KEYS[1], ARGV[1], tonumber(ARGV[2]))
return 1
"""
)
"""Key: a place. Arguments: the lease's id, and for how long. Answers 1, or 0 where it had ended."""

LOOK: Final = _script("""
local reply = {}
for i, key in ipairs(KEYS) do
  local found = redis.call('GET', key)
  if not found then
    redis.call('SET', key, '!' .. ARGV[1], 'PX', ARGV[2])
    reply[i] = '!'
  elseif string.find(found, '^%d+$') then reply[i] = found
  else reply[i] = '?' end
end
return table.concat(reply, ' ')
""")
"""Keys: versions. Arguments: a nonce, and for how many milliseconds. Answers for each its number, `!` where nothing
stood and a lease with that nonce stands now, and `?` where the database has to be asked without one."""

KNOW: Final = _script("""
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == '!' .. ARGV[1] then redis.call('SET', key, ARGV[i + 2], 'PX', ARGV[2]) end
end
return 1
""")
"""Keys: versions. Arguments: the nonce of their leases, for how many milliseconds, and each number. Writes those whose
lease still stands."""

DOUBT: Final = _script("""
for _, key in ipairs(KEYS) do redis.call('SET', key, '?', 'PX', ARGV[1]) end
return 1
""")
"""Keys: versions. Argument: for how many milliseconds they are doubted."""
