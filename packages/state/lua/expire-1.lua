-- Gives keys of ended runs a limited life.
-- KEYS: any number of one shard   ARGV: 1 life, ms
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end
