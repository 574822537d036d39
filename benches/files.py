#!/usr/bin/env python3
"""Files exchanged with real servers: what one has written the other loads, and both say the same of it.

    benches/files.py --ours PATH [--valkey PATH] [--redis PATH] [--redis7 PATH] [--assets DIR] [--only rdb|aof]

--redis7 is a Redis 7.0, which knows less: no expires of fields, sets and lists in fewer encodings, versions up to 10.

Snapshots:

1. Each peer makes every type in every encoding, under the usual limits and under small ones, and saves; it and we load
   the file, and are asked for everything in it: keys, values, expires, encodings, idle time or frequency, groups and
   consumers of streams, functions.
2. We do the same, and save in every version of the format; every server that reads the version loads it, as well as we.
3. The files of --assets (*.rdb) are loaded by the Valkey and by us.

Append-only files, once with a snapshot as base and once without:

4. Each peer is given the same data, rewrites its file, and goes on writing (transactions, scripts, expires, commands that
   are not written as they were said); it and we start from its folder.
5. The same of us, with a base in every version that the peer reads.

Beside each server lies its tool (valkey-check-rdb, redis-check-rdb), which must pass our files. Ends with 1 if anything
differs. Standard library only.
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

from durability import Connection, Server, noise

FAR = 4_000_000_000_000
LOG = "appendonlydir"
DATABASES = ("0", "1", "9")
SMALL = {
    "hash-max-listpack-entries": 4,
    "hash-max-listpack-value": 8,
    "set-max-intset-entries": 4,
    "set-max-listpack-entries": 4,
    "set-max-listpack-value": 8,
    "zset-max-listpack-entries": 4,
    "zset-max-listpack-value": 8,
    "list-max-listpack-size": 3,
    "stream-node-max-entries": 3,
}
PATTERN = b"all work and no play " * 40
BINARY = bytes(range(256)) * 2
WORDS = [b"", b"a", b"-1", b"12", b"300", b"-70000", b"5000000000", b"9223372036854775807", b"01", b"1.5", b"x" * 63]
WORDS += [b"y" * 64, b"z" * 65, b"w" * 300, BINARY, PATTERN]
# Without -0: in a listpack it is 0, with every server.
SCORES = ["-inf", "-1e300", "-5", "0", "0.1", "1", "1.5", "3", "1e17", "12345678901234567", "+inf"]
LIBRARY = b"#!lua name=lib\nredis.register_function('f', function(keys, args) return args[1] end)\n"
LIBRARY_LATER = b"""#!lua name=late
redis.register_function('later', function(keys, args)
  redis.call('RPUSH', keys[1], unpack(args)); return redis.call('EXPIRE', keys[1], 8888888) end)
"""


class Builder:
    """Makes the data on a connection."""

    def __init__(self, connection, field_ttls=True, empty_streams=True):
        self.connection, self.field_ttls, self.empty_streams = connection, field_ttls, empty_streams

    def run(self, *words):
        return self.connection.call(*words)

    def all(self):
        self.run("FLUSHALL")
        for number, database in enumerate(DATABASES):
            self.run("SELECT", database)
            # Redis 7.0 does not have all of them.
            usual = {name: found[1] for name in SMALL if (found := self.run("CONFIG", "GET", name))}
            self.types(b"usual", 1 + 9 * number)
            for name in usual:
                self.run("CONFIG", "SET", name, SMALL[name])
            self.types(b"small", 1)
            for name, value in usual.items():
                self.run("CONFIG", "SET", name, value)
        self.run("SELECT", "0")
        self.run("FUNCTION", "LOAD", "REPLACE", LIBRARY)

    def types(self, name, seed):
        self.strings(name)
        self.lists(name)
        self.sets(name, seed)
        self.sorted_sets(name)
        self.hashes(name)
        self.streams(name)
        self.access(name)
        for number in range(50):
            self.run("SET", b"%s:expire:%d" % (name, number), number, "PXAT", FAR + number * number * 977)
        for key in ("list:few", "set:words", "zset:many", "hash:few", "stream:groups"):
            self.run("PEXPIREAT", b"%s:%s" % (name, key.encode()), FAR)

    def strings(self, name):
        for number, word in enumerate(WORDS):
            self.run("SET", b"%s:string:%d" % (name, number), word)
        for number in (19, 20, 21, 44, 45, 2048, 2049, 70_000):
            self.run("SET", b"%s:noise:%d" % (name, number), noise(number, number))
            self.run("SET", b"%s:long:%d" % (name, number), b"q" * number)
        self.run("APPEND", b"%s:raw" % name, "12")
        self.run("SETRANGE", b"%s:range" % name, 3, "abc")
        self.run("SETBIT", b"%s:bits" % name, 99, 1)
        self.run("PFADD", b"%s:hll" % name, *WORDS)

    def lists(self, name):
        self.run("RPUSH", b"%s:list:one" % name, "x")
        self.run("RPUSH", b"%s:list:few" % name, *WORDS)
        self.run("RPUSH", b"%s:list:plain" % name, "a", b"b" * 10_000, "c", noise(5, 9000), "d")
        for number in range(30):
            self.run("RPUSH", b"%s:list:many" % name, *(noise(number * 20 + n, 50 + n) for n in range(20)))
        self.run("CONFIG", "SET", "list-compress-depth", 1)
        for number in range(30):
            self.run("RPUSH", b"%s:list:packed" % name, *(b"the same words again %d" % n for n in range(20)))
        self.run("CONFIG", "SET", "list-compress-depth", 0)

    def sets(self, name, seed):
        for width, ints in ((16, (1, -2, 300)), (32, (1, 70_000, -70_000)), (64, (1, 1 << 40, -(1 << 62)))):
            self.run("SADD", b"%s:set:int%d" % (name, width), *ints, seed)
        self.run("SADD", b"%s:set:words" % name, *WORDS)
        self.run("SADD", b"%s:set:many" % name, *(noise(n, 9) for n in range(300)))
        self.run("SADD", b"%s:set:ints" % name, *range(600))

    def sorted_sets(self, name):
        pairs = [part for n, score in enumerate(SCORES) for part in (score, WORDS[n % len(WORDS)] or b"none")]
        self.run("ZADD", b"%s:zset:few" % name, 1, "a", 2, "b")
        self.run("ZADD", b"%s:zset:scores" % name, *pairs)
        self.run("ZADD", b"%s:zset:many" % name, *(part for n in range(300) for part in (n * 0.37 - 9, noise(n, 9))))
        self.run("GEOADD", b"%s:zset:geo" % name, 13.36, 38.11, "Palermo", 15.08, 37.5, "Catania")

    def hashes(self, name):
        few = [part for n, word in enumerate(WORDS) for part in (b"f%d" % n, word)]
        many = [part for n in range(600) for part in (noise(n, 7), n * 977)]
        self.run("HSET", b"%s:hash:few" % name, "a", "1", "b", "two", "3", "-3")
        self.run("HSET", b"%s:hash:words" % name, *few)
        self.run("HSET", b"%s:hash:many" % name, *many)
        if not self.field_ttls:
            return
        for which, pairs in (("few", few[:12]), ("many", many)):
            key = b"%s:ttl:%s" % (name, which.encode())
            self.run("HSET", key, *pairs)
            self.run("HPEXPIREAT", key, FAR + 5, "FIELDS", 1, pairs[0])
            self.run("HPEXPIREAT", key, FAR + 70_000, "FIELDS", 2, pairs[2], pairs[4])
        key = b"%s:ttl:all" % name
        self.run("HSET", key, "a", "1", "b", "2")
        self.run("HPEXPIREAT", key, FAR, "FIELDS", 2, "a", "b")

    def streams(self, name):
        key = b"%s:stream:" % name
        for number in range(1, 250):
            fields = ["name", noise(number, 12), "n", number] if number % 5 else ["other", "x" * number]
            self.run("XADD", key + b"groups", "%d-%d" % (number // 3 + 1, number), *fields)
        if self.empty_streams:
            self.run("XADD", key + b"empty", "7-7", "a", "b")
            self.run("XDEL", key + b"empty", "7-7")
            self.run("XGROUP", "CREATE", key + b"made", "g", "$", "MKSTREAM")
        self.run("XADD", key + b"set", "5-1", "a", "b")
        self.run("XSETID", key + b"set", "9-9", "ENTRIESADDED", 100, "MAXDELETEDID", "8-8")
        self.run("XDEL", key + b"groups", *("%d-%d" % (n // 3 + 1, n) for n in range(1, 250, 7)))
        for group, start in ((b"all", "0"), (b"later", "30-0"), (b"last", "$")):
            self.run("XGROUP", "CREATE", key + b"groups", group, start)
        self.run("XGROUP", "CREATE", key + b"groups", "read", "20-0", "ENTRIESREAD", 50)
        for consumer in ("alice", "bob", "carol"):
            reading = ["COUNT", 13, "STREAMS", key + b"groups", ">"]
            self.run("XREADGROUP", "GROUP", "all", consumer, *reading)
            self.run("XREADGROUP", "GROUP", "later", consumer, *reading)
        self.run("XACK", key + b"groups", "all", "1-2", "2-3", "2-4")
        self.run("XCLAIM", key + b"groups", "all", "dave", 0, "3-6", "3-8", "RETRYCOUNT", 7, "TIME", 1_700_000_000_000)
        self.run("XGROUP", "CREATECONSUMER", key + b"groups", "last", "idle")

    def access(self, name):
        self.run("SET", b"%s:access" % name, "x")
        payload = self.run("DUMP", b"%s:access" % name)
        for number, (option, value) in enumerate([("IDLETIME", 5000), ("IDLETIME", 90_000), ("FREQ", 0), ("FREQ", 200)]):
            self.run("RESTORE", b"%s:access:%d" % (name, number), 0, payload, "REPLACE", option, value)


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def quiet(connection, *words):
    """The answer; an error is its text."""
    try:
        return connection.call(*words)
    except RuntimeError as error:
        return "-%s" % error


def hash_facts(connection, key):
    fields = sorted(pairs(connection.call("HGETALL", key)).items())
    names = [field for field, _ in fields]
    expires = quiet(connection, "HPEXPIRETIME", key, "FIELDS", len(names), *names)
    # Redis 7.0 has none.
    return fields, [b"-1"] * len(names) if isinstance(expires, str) else expires


STREAM = [b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added", b"recorded-first-entry-id"]
GROUP = [b"name", b"last-delivered-id", b"entries-read", b"lag", b"pel-count", b"pending"]
CONSUMER = [b"name", b"seen-time", b"active-time", b"pel-count", b"pending"]


def some(facts, names):
    facts = pairs(facts)
    # What came later into a server's answer is called by its first name here.
    if b"pel-count" in names and b"pel-count" not in facts:
        facts[b"pel-count"] = facts.get(b"pel-count", facts.get(b"nacked-count"))
    if b"pending" in names and b"pending" not in facts:
        facts[b"pending"] = facts.get(b"pel")
    return {name: facts.get(name) for name in names}


def stream_facts(connection, key):
    full = connection.call("XINFO", "STREAM", key, "FULL", "COUNT", 0)
    facts = pairs(full)
    groups = []
    for group in facts[b"groups"]:
        consumers = [some(consumer, CONSUMER) for consumer in pairs(group)[b"consumers"]]
        groups.append((some(group, GROUP), sorted(consumers, key=lambda one: one[b"name"])))
    return some(full, STREAM), groups, connection.call("XRANGE", key, "-", "+")


def sorted_set_facts(connection, key):
    """Redis 7.0 prints scores with all their digits."""
    flat = connection.call("ZRANGE", key, 0, -1, "WITHSCORES")
    return list(zip(flat[::2], map(float, flat[1::2])))


def where_unlike(one, other):
    """The first pieces of two values that differ."""
    if type(one) is type(other) and isinstance(one, (list, tuple)) and len(one) == len(other):
        return next((where_unlike(*both) for both in zip(one, other) if both[0] != both[1]), (one, other))
    if isinstance(one, dict) and isinstance(other, dict) and set(one) == set(other):
        name = next(name for name in one if one[name] != other[name])
        return tuple("%s: %.150r" % (name, piece) for piece in where_unlike(one[name], other[name]))
    return one, other


VALUES = {
    b"string": lambda c, key: c.call("GET", key),
    b"list": lambda c, key: c.call("LRANGE", key, 0, -1),
    b"set": lambda c, key: sorted(c.call("SMEMBERS", key)),
    b"zset": sorted_set_facts,
    b"hash": hash_facts,
    b"stream": stream_facts,
}


def coarse(connection, what, key):
    """Idle time (or frequency) but for what the way of the file takes. Redis sets its own for keys with expires."""
    if b":access:" not in key:
        return None
    answer = quiet(connection, "OBJECT", what, key)
    if answer is None or isinstance(answer, str):
        return None
    return int(answer) // 100 if what == "IDLETIME" else int(answer)


def facts_of(connection):
    """All that can be asked, by database and key."""
    facts = {"functions": sorted(map(repr, connection.call("FUNCTION", "LIST", "WITHCODE")))}
    for database in range(16):
        connection.call("SELECT", database)
        for key in connection.call("KEYS", "*"):
            # First what looking changes.
            access = coarse(connection, "IDLETIME", key), coarse(connection, "FREQ", key)
            kind = connection.call("TYPE", key)
            facts[database, key] = {
                "access": access,
                "type": kind,
                "expire": connection.call("PEXPIRETIME", key),
                "encoding": connection.call("OBJECT", "ENCODING", key),
                "value": VALUES[kind](connection, key),
            }
    return facts


class Checks:
    def __init__(self):
        self.done = self.failed = 0

    def say(self, what, trouble):
        self.done += 1
        self.failed += bool(trouble)
        print("%-6s %s" % ("FAILED" if trouble else "ok", what))
        for line in list(trouble)[:12]:
            print("         " + line)
        sys.stdout.flush()

    def same(self, what, ours, theirs, ignored=()):
        trouble = []
        for name in sorted(set(ours) | set(theirs), key=repr):
            one, other = ours.get(name), theirs.get(name)
            if one == other:
                continue
            if not isinstance(one, dict) or not isinstance(other, dict):
                trouble.append("%r: %.90r, but %.90r" % (name, one, other))
                continue
            for part in one:
                if part not in ignored and one[part] != other[part]:
                    pieces = where_unlike(one[part], other[part])
                    trouble.append("%r %s: %.150s, but %.150s" % (name, part, *pieces))
        self.say("%s (%d things)" % (what, len(ours)), trouble)


class Place:
    """A folder to start servers in, one after the other."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port

    def started(self, path, policy, file=None):
        folder = tempfile.mkdtemp(dir=self.folder)
        if file:
            shutil.copy(file, os.path.join(folder, "dump.rdb"))
        # Counters of use must not decay while they are looked at.
        options = ["--maxmemory-policy", policy, "--lfu-decay-time", "0", "--enable-debug-command", "yes"]
        return Running(Server(path, self.port, folder, *options), folder)

    def logging(self, path, log=None, options=()):
        """A server with an append-only file: a new one, or that of a folder, of which it gets a copy."""
        folder = tempfile.mkdtemp(dir=self.folder)
        if log:
            shutil.copytree(log, os.path.join(folder, LOG))
        options = ["--enable-debug-command", "yes", "--appendonly", "yes", "--appendfsync", "always", *options]
        return Running(Server(path, self.port, folder, *options), folder)


class Running:
    def __init__(self, server, folder):
        self.server, self.folder = server, folder

    def __enter__(self):
        self.connection = self.server.ready()
        self.connection.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        return self

    def __exit__(self, *_):
        self.server.end()

    def saved(self):
        self.connection.call("SAVE")
        return os.path.join(self.folder, "dump.rdb")

    def rewritten(self):
        self.connection.call("BGREWRITEAOF")
        while True:
            info = self.connection.call("INFO", "persistence")
            if b"aof_rewrite_in_progress:0" in info and b"aof_rewrite_scheduled:0" in info:
                break
            time.sleep(0.01)
        if b"aof_last_bgrewrite_status:ok" not in info:
            raise RuntimeError("the append-only file could not be rewritten")

    def log(self):
        return os.path.join(self.folder, LOG)


def loaded(place, path, policy, file):
    with place.started(path, policy, file) as running:
        return facts_of(running.connection)


def theirs(place, checks, args, name, path):
    for policy in ("noeviction", "allkeys-lru", "allkeys-lfu"):
        with place.started(path, policy) as running:
            Builder(running.connection, name != "redis7").all()
            file = running.saved()
            live = facts_of(running.connection)
        again = loaded(place, path, policy, file)
        ours = loaded(place, args.ours, policy, file)
        if name == "redis7":
            ours = without_times_of_consumers(ours)
        ignored = unlike(name)
        checks.same("%s, %s: its file, loaded by us and by it" % (name, policy), ours, again, ignored)
        if policy == "noeviction":
            checks.same("%s: its file, loaded by us, and what it had" % name, ours, live, ["access", "encoding"])


READERS = {"valkey": (9, 10, 11, 80), "redis": (9, 10, 11, 12), "redis7": (9, 10)}


def unlike(name):
    """Redis 8 has names of its own for hashes with expires; Redis 7.0 knows no small sets and lists."""
    return [] if name == "valkey" else ["encoding"]


def without_times_of_consumers(facts, names=(b"active-time",)):
    """What does not say when consumers did something: Redis 7.0 does not know, and requests do not tell."""
    without = {}
    for key, fact in facts.items():
        if isinstance(fact, dict) and fact["type"] == b"stream":
            counters, groups, entries = fact["value"]
            groups = [(group, [{**one, **dict.fromkeys(names)} for one in consumers]) for group, consumers in groups]
            fact = {**fact, "value": (counters, groups, entries)}
        without[key] = fact
    return without


def tool_says(path):
    tool = os.path.join(os.path.dirname(path), os.path.basename(path).replace("-server", "-check-rdb"))

    def check(file):
        done = subprocess.run([tool, file], capture_output=True, text=True)
        return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()[-5:]

    return check


def ours(place, checks, args, peers):
    for version in (9, 10, 11, 12, 80):
        for policy in ("noeviction", "allkeys-lru", "allkeys-lfu"):
            with place.started(args.ours, policy) as running:
                running.connection.call("CONFIG", "SET", "rdb-version", version)
                # Version 9 does not tell the first id of a stream; for one without entries the peers say the greatest
                # there is, and we none.
                Builder(running.connection, version >= 12, version >= 10).all()
                file = running.saved()
                live = facts_of(running.connection)
            again = loaded(place, args.ours, policy, file)
            if version >= 11:
                checks.same("version %d, %s: loaded again" % (version, policy), again, live, ["access", "encoding"])
            for name, path in peers.items():
                if version not in READERS[name]:
                    continue
                checks.say("version %d, %s: the tool of %s" % (version, policy, name), tool_says(path)(file))
                peer = loaded(place, path, policy, file)
                known = without_times_of_consumers(again) if name == "redis7" else again
                checks.same("version %d, %s: loaded by %s and by us" % (version, policy, name), known, peer, unlike(name))


class Journal:
    """What is written after a rewrite: requests, many of which are logged in other words than they were said in."""

    def __init__(self, connection, field_ttls):
        self.connection, self.field_ttls = connection, field_ttls
        self.run = connection.call

    def all(self):
        for database in DATABASES:
            self.run("SELECT", database)
            self.changes()
            self.transaction()
            self.scripts()
            self.expires()
            self.streams()
        self.databases()

    def changes(self):
        self.run("INCRBYFLOAT", "log:float", "0.1")
        self.run("INCRBYFLOAT", "log:float", "1e5")
        self.run("HINCRBYFLOAT", "usual:hash:few", "float", "3.7")
        self.run("HINCRBY", "usual:hash:many", "new", 12)
        self.run("APPEND", "usual:raw", BINARY)
        self.run("SETRANGE", "usual:range", 7, b"\r\n*1\r\n")
        self.run("BITFIELD", "usual:bits", "SET", "u8", 8, 255, "INCRBY", "i5", 100, 1)
        self.run("SPOP", "usual:set:many", 7)
        self.run("SPOP", "usual:set:int16")
        self.run("SMOVE", "usual:set:words", "usual:set:many", "x" * 63)
        self.run("LPUSH", "usual:list:many", *WORDS)
        self.run("LINSERT", "usual:list:plain", "BEFORE", "c", b"y" * 9000)
        self.run("LMOVE", "usual:list:few", "usual:list:one", "LEFT", "RIGHT")
        self.run("LMPOP", 2, "none", "usual:list:packed", "RIGHT", "COUNT", 3)
        self.run("BLPOP", "none", "small:list:few", 1)
        self.run("BLMOVE", "small:list:many", "small:list:one", "RIGHT", "LEFT", 1)
        self.run("BZPOPMIN", "small:zset:many", 1)
        self.run("ZADD", "usual:zset:scores", "INCR", "0.1", "a")
        self.run("ZRANGESTORE", "log:range", "usual:zset:many", 10, 20)
        self.run("ZUNIONSTORE", "log:union", 2, "usual:zset:many", "usual:zset:few", "WEIGHTS", 2, "0.5")
        self.run("SORT", "usual:set:ints", "LIMIT", 5, 9, "STORE", "log:sorted")
        self.run("PFMERGE", "log:hll", "usual:hll")
        self.run("COPY", "usual:stream:groups", "log:copy")
        self.run("RENAME", "usual:noise:44", "log:renamed")
        self.run("DEL", "usual:noise:45", "none", "usual:hash:words")
        self.run("UNLINK", "usual:long:70000")
        payload = self.run("DUMP", "usual:zset:scores")
        self.run("RESTORE", "log:restored", 90_000_000, payload)

    def transaction(self):
        self.run("MULTI")
        for words in (("SET", "log:multi", "1"), ("INCR", "log:multi"), ("GET", "log:multi"), ("SADD", "log:multi", "x")):
            self.run(*words)
        self.run("SPOP", "usual:set:ints", 3)
        try:
            self.run("EXEC")
        except RuntimeError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
            # The replies after the one that is wrong.
            self.run("ECHO", "end")
            while self.connection.reply() != b"end":
                pass

    def scripts(self):
        script = "for n = 1, 5 do redis.call('RPUSH', KEYS[1], ARGV[1] .. n) end; redis.call('SET', KEYS[2], 'v', 'EX', 9999999)"
        self.run("EVAL", script, 2, "log:script", "log:script:expire", "word ")
        self.run("EVAL", "return redis.call('SPOP', KEYS[1])", 1, "small:set:many")
        self.run("EVAL", "redis.call('HSET', KEYS[1], 't', redis.call('TIME')[2])", 1, "log:script:time")
        self.run("FUNCTION", "LOAD", "REPLACE", LIBRARY_LATER)
        self.run("FCALL", "later", 1, "log:function", "a", "b")

    def expires(self):
        self.run("SET", "log:ex", "v", "EX", 5_000_000)
        self.run("SETEX", "log:setex", 5_000_000, "v")
        self.run("EXPIRE", "usual:list:one", 7_000_000)
        self.run("PEXPIRE", "usual:set:words", 7_000_000_123)
        self.run("PERSIST", "usual:hash:few")
        self.run("GETEX", "usual:string:3", "EX", 6_000_000)
        self.run("GETEX", "usual:expire:7", "PERSIST")
        self.run("GETDEL", "usual:expire:8")
        self.run("EXPIREAT", "usual:expire:9", 1)
        self.run("PSETEX", "log:gone", 1, "v")
        time.sleep(0.01)
        self.run("GET", "log:gone")
        if self.field_ttls:
            self.run("HEXPIRE", "usual:hash:few", 8_000_000, "FIELDS", 2, "a", "b")
            self.run("HPERSIST", "usual:ttl:all", "FIELDS", 1, "a")
            self.run("HPEXPIRE", "usual:ttl:few", 1, "FIELDS", 1, "f0")
            time.sleep(0.01)
            self.run("HGETALL", "usual:ttl:few")

    def streams(self):
        key = "usual:stream:groups"
        self.run("XADD", key, "MAXLEN", "~", 200, "*", "name", "later")
        self.run("XADD", key, "NOMKSTREAM", "*", "name", "later still", "and", "more")
        self.run("XTRIM", key, "MINID", "20-0")
        self.run("XREADGROUP", "GROUP", "read", "erin", "COUNT", 5, "STREAMS", key, ">")
        self.run("XREADGROUP", "GROUP", "later", "alice", "COUNT", 5, "NOACK", "STREAMS", key, ">")
        self.run("XAUTOCLAIM", key, "all", "bob", 0, "0", "COUNT", 3)
        self.run("XCLAIM", key, "later", "frank", 0, "30-89", "31-90", "JUSTID")
        self.run("XGROUP", "DELCONSUMER", key, "later", "carol")
        self.run("XGROUP", "SETID", key, "last", "40-0", "ENTRIESREAD", 90)
        self.run("XGROUP", "DESTROY", "log:copy", "last")

    def databases(self):
        self.run("SELECT", "0")
        self.run("MOVE", "log:float", "3")
        self.run("SWAPDB", "1", "5")
        self.run("SELECT", "9")
        self.run("FLUSHDB")
        self.run("SET", "after", "the flood")
        self.run("FUNCTION", "DELETE", "lib")
        self.run("SELECT", "0")


BASES = (("snapshot", ["--aof-use-rdb-preamble", "yes"]), ("requests", ["--aof-use-rdb-preamble", "no"]))
TIMES = (b"seen-time", b"active-time")


def logged(place, path, options, field_ttls, empty_streams=True):
    """The folder of a server that was given everything, has rewritten, and was given more; and what is in it."""
    with place.logging(path, options=options) as running:
        Builder(running.connection, field_ttls, empty_streams).all()
        running.rewritten()
        Journal(running.connection, field_ttls).all()
        live = facts_of(running.connection)
    return running.log(), live


def replayed(place, path, log):
    try:
        with place.logging(path, log) as running:
            facts = facts_of(running.connection)
    except (RuntimeError, ConnectionError) as error:
        return {"refused": str(error)}
    return without_times_of_consumers(facts, TIMES)


def logs_of_theirs(place, checks, args, name, path):
    for base, options in BASES:
        log, live = logged(place, path, options, name != "redis7")
        again, ours = (replayed(place, one, log) for one in (path, args.ours))
        what = "%s, base of %s: its log, loaded by us and " % (name, base)
        checks.same(what + "by it", ours, again, ["access", *unlike(name)])
        # What Redis 7.0 reads of its own log is not all that it had: entries read by groups.
        if name != "redis7":
            live = without_times_of_consumers(live, TIMES)
            checks.same(what + "what it had", ours, live, ["access", "encoding"])


def logs_of_ours(place, checks, args, name, path):
    for base, options in BASES:
        for version in READERS[name] if base == "snapshot" else READERS[name][-1:]:
            field_ttls = version >= 12 or (base == "requests" and name != "redis7")
            options_now = [*options, "--rdb-version", str(version)]
            log, live = logged(place, args.ours, options_now, field_ttls, version >= 10)
            again, peer = (replayed(place, one, log) for one in (args.ours, path))
            what = "base of %s, version %d: our log, loaded by " % (base, version)
            checks.same(what + "%s and by us" % name, peer, again, ["access", *unlike(name)])
            live = without_times_of_consumers(live, TIMES)
            # Version 9 does not tell what a stream has had.
            if version >= 10 or base == "requests":
                checks.same(what + "us, and what we had", again, live, ["access", "encoding"])
            # Valkey's tool knows no bases of Valkey's own version, its server's ones neither.
            if version < 80 or base == "requests":
                checks.say(what + "the tool of %s" % name, aof_tool_says(path)(log))


def aof_tool_says(path):
    tool = os.path.join(os.path.dirname(path), os.path.basename(path).replace("-server", "-check-aof"))

    def check(log):
        manifest = os.path.join(log, "appendonly.aof.manifest")
        done = subprocess.run([tool, manifest], capture_output=True, text=True)
        return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()[-5:]

    return check


def assets(place, checks, args):
    for file in sorted(glob.glob(os.path.join(args.assets, "*.rdb"))):
        results = []
        for path in (args.ours, args.valkey):
            try:
                results.append(loaded(place, path, "noeviction", file))
            except (RuntimeError, ConnectionError) as error:
                results.append({"refused": str(error)})
        # A list that comes as one ziplist is a quicklist of one node there, and packed here.
        checks.same(os.path.basename(file), *results, ["encoding"] if "encodings" in file else [])


def snapshots(place, checks, args, peers):
    for name, path in peers.items():
        theirs(place, checks, args, name, path)
    ours(place, checks, args, peers)
    if args.assets and args.valkey:
        assets(place, checks, args)


def logs(place, checks, args, peers):
    for name, path in peers.items():
        logs_of_theirs(place, checks, args, name, path)
        logs_of_ours(place, checks, args, name, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--valkey")
    parser.add_argument("--redis")
    parser.add_argument("--redis7")
    parser.add_argument("--assets")
    parser.add_argument("--only", choices=["rdb", "aof"])
    parser.add_argument("--port", type=int, default=7280)
    args = parser.parse_args()
    args.ours = os.path.abspath(args.ours)
    names = ("valkey", "redis", "redis7")
    peers = {name: os.path.abspath(path) for name in names if (path := getattr(args, name))}
    checks = Checks()
    folder = tempfile.mkdtemp()
    try:
        place = Place(folder, args.port)
        if args.only != "aof":
            snapshots(place, checks, args, peers)
        if args.only != "rdb":
            logs(place, checks, args, peers)
    finally:
        shutil.rmtree(folder)
    print("%d checks, %d failed" % (checks.done, checks.failed))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
