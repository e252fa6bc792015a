import { createHash } from "node:crypto";

/** A Lua script that the server runs as one step. `KEYS[1]` is the beginning of all keys. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** If no node has renewed its lease for this long, no node could, ms: an expired lease then does not show that its node is dead. */
const WATCH_MS = 3000;

/**
 * Shared by all scripts. `leased`: whether a node has a lease. `alive`: also while `watch` has more than its usual time to live, as the
 * registry has just come back, and each node may still renew its lease. `sound`: deletes a key that others have damaged or filled; nodes
 * announce their streams again.
 */
const HEAD = `
local base = KEYS[1]
local watch = base .. ':watch'
local function leased(id)
  return redis.call('EXISTS', base .. ':node:' .. id) == 1
end
local function alive(id)
  return id and (leased(id) or redis.call('PTTL', watch) > ${WATCH_MS})
end
local sizes = {set = 'SCARD', hash = 'HLEN'}
local function sound(key, kind, max)
  local found = redis.call('TYPE', key).ok
  if found == 'none' then return key end
  if found ~= kind or redis.call(sizes[kind], key) > max then redis.call('UNLINK', key) end
  return key
end
local function count(text)
  local n = tonumber(text or '0') or 0
  if n >= 0 and n <= 1e15 and n == math.floor(n) then return n end
  return 0
end
local MAX_NODES, MAX_ANNOUNCED, MAX_PLACES, MAX_ENTRY_BYTES, MAX_PLACE_BYTES = 2000, 100000, 4096, 524288, 8192
local function known(id, keep)
  redis.call('SADD', sound(base .. ':nodes', 'set', MAX_NODES), id)
  redis.call('PEXPIRE', base .. ':nodes', keep)
end
local function moved(id, name)
  redis.call('PUBLISH', base .. ':moved', id .. ' ' .. name)
end
`;

/**
 * ARGV: id, state ('' if it has not changed), lease (ms), time to keep (ms). Renews the node's entry; a new state gets the next revision
 * before it. Answers 1 if the entry was still there, else 0, and the number of streams that the node has announced.
 */
export const RENEW = script(`
local id, key = ARGV[1], base .. ':node:' .. ARGV[1]
local had = redis.call('EXISTS', key)
if ARGV[2] ~= '' then
  local revision = redis.pcall('INCR', base .. ':revision')
  if type(revision) ~= 'number' or revision < 1 or revision > 1e15 then
    redis.call('SET', base .. ':revision', 1)
    revision = 1
  end
  redis.call('PEXPIRE', base .. ':revision', ARGV[4])
  redis.call('SET', key, string.format('%d %s', revision, ARGV[2]), 'PX', ARGV[3])
else
  redis.call('PEXPIRE', key, ARGV[3])
end
known(id, ARGV[4])
local left = redis.call('PTTL', watch)
-- More than a node ever gives it: Redis's clock was set back, or others have written it.
if left < 0 or left > ${WATCH_MS} + ARGV[3] then
  redis.call('SET', watch, '', 'PX', ${WATCH_MS} + ARGV[3])
elseif left <= ${WATCH_MS} then
  redis.call('PEXPIRE', watch, ${WATCH_MS})
end
return {had, redis.call('SCARD', sound(base .. ':has:' .. id, 'set', MAX_ANNOUNCED))}
`);

/**
 * ARGV: the revision up to which the caller knows entries, lease (ms). Answers the newest revision, the ids of living nodes and of dead ones,
 * separated by spaces, then id and entry of each living node whose entry is newer. If the revisions have begun again at 1, all entries are
 * newer. An entry that would live for longer than a lease, as Redis's clock was set back, gets one lease more.
 */
export const NODES = script(`
local now = tonumber(redis.pcall('GET', base .. ':revision') or '') or 0
local since, lease = tonumber(ARGV[1]), tonumber(ARGV[2])
if since > now then since = 0 end
local living, dead, out = {}, {}, {}
for _, id in ipairs(redis.call('SMEMBERS', sound(base .. ':nodes', 'set', MAX_NODES))) do
  local key = base .. ':node:' .. id
  local size = redis.pcall('STRLEN', key)
  if type(size) == 'number' and size > 0 and size <= MAX_ENTRY_BYTES then
    table.insert(living, id)
    local left = redis.call('PTTL', key)
    if left < 0 or left > lease then redis.call('PEXPIRE', key, lease) end
    local revision = tonumber(string.match(redis.call('GETRANGE', key, 0, 20), '^(%d+) ')) or now + 1
    if revision > since then
      table.insert(out, id)
      table.insert(out, redis.call('GET', key))
    end
  else
    table.insert(dead, id)
  end
end
table.insert(out, 1, table.concat(dead, ' '))
table.insert(out, 1, table.concat(living, ' '))
table.insert(out, 1, now)
return out
`);

/**
 * ARGV: id, time to keep (ms), then for each stream: its key, the place ('' if the stream is gone), the claim, the place if the claim is lost
 * ('' for none). A claim is '' for a copy, 'reject' or 'replace' for a new publisher, 'keep:TERM' for one that owned the stream in that
 * term. Answers the owner ('' for none) and the term of each stream.
 */
export const ANNOUNCE = script(`
local id, keep = ARGV[1], ARGV[2]
local has = sound(base .. ':has:' .. id, 'set', MAX_ANNOUNCED)
-- A node that dies before its first renewal must be swept, too.
known(id, keep)
local out = {}
for i = 3, #ARGV, 4 do
  local name, place, claim = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local key = sound(base .. ':stream:' .. name, 'hash', MAX_PLACES)
  local owner = redis.call('HGET', key, 'owner')
  local term = count(redis.call('HGET', key, 'term'))
  local before = owner
  if place == '' then
    redis.call('HDEL', key, 'at:' .. id)
    redis.call('SREM', has, name)
    if owner == id then
      redis.call('HDEL', key, 'owner')
      owner = false
    end
  else
    if claim ~= '' then
      local kept = tonumber(string.match(claim, '^keep:(%d+)$'))
      if owner == id then
        if kept and kept > term then term = kept end
      -- Two nodes have the same term from two servers, or from one that lost its data: a running publisher must not give way to a dead node.
      elseif claim == 'replace' or not alive(owner) or (kept and (kept > term or (kept == term and not leased(owner)))) then
        if owner then
          redis.call('HDEL', key, 'at:' .. owner)
          redis.call('SREM', sound(base .. ':has:' .. owner, 'set', MAX_ANNOUNCED), name)
        end
        owner = id
        term = (kept and kept > term) and kept or term + 1
      end
      if owner == id then redis.call('HSET', key, 'owner', id, 'term', term) end
    elseif owner == id then
      redis.call('HDEL', key, 'owner')
      owner = false
    end
    if claim ~= '' and owner ~= id then place = ARGV[i + 3] end
    if place ~= '' then
      redis.call('HSET', key, 'at:' .. id, place)
      redis.call('SADD', has, name)
    else
      redis.call('HDEL', key, 'at:' .. id)
      redis.call('SREM', has, name)
    end
    redis.call('PEXPIRE', key, keep)
  end
  if owner ~= before then moved(id, name) end
  table.insert(out, owner or '')
  table.insert(out, term)
end
redis.call('PEXPIRE', has, keep)
return out
`);

/** ARGV: keys of streams. Answers for each: the owner ('' for none), the term, then the living nodes with their places. */
export const LOOK = script(`
local out = {}
for _, name in ipairs(ARGV) do
  local key = base .. ':stream:' .. name
  local size = redis.pcall('HLEN', key)
  local row, owner, term = {}, '', '0'
  if type(size) == 'number' and size <= MAX_PLACES then
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      local id = string.match(all[i], '^at:(%x+)$')
      if all[i] == 'owner' and alive(all[i + 1]) then owner = all[i + 1] end
      if all[i] == 'term' then term = all[i + 1] end
      if id and #all[i + 1] <= MAX_PLACE_BYTES and alive(id) then
        table.insert(row, id)
        table.insert(row, all[i + 1])
      end
    end
  end
  table.insert(row, 1, count(term))
  table.insert(row, 1, owner)
  table.insert(out, row)
end
return out
`);

/** ARGV: id, maximum number of streams, 'left' if the node has left, else ''. Deletes the streams of a node that is gone; 1 if it has more. */
export const SWEEP = script(`
local id, max = ARGV[1], tonumber(ARGV[2])
if leased(id) or (ARGV[3] ~= 'left' and alive(id)) then return 0 end
local names = redis.call('SPOP', sound(base .. ':has:' .. id, 'set', MAX_ANNOUNCED), max)
for _, name in ipairs(names) do
  local key = sound(base .. ':stream:' .. name, 'hash', MAX_PLACES)
  redis.call('HDEL', key, 'at:' .. id)
  if redis.call('HGET', key, 'owner') == id then
    redis.call('HDEL', key, 'owner')
    moved(id, name)
  end
end
if #names == max then return 1 end
redis.call('SREM', sound(base .. ':nodes', 'set', MAX_NODES), id)
return 0
`);

function script(body: string): Script {
  const text = HEAD + body;
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
