"""The server as people meet it: started from a shell, spoken to with redis-cli, redis-benchmark and redis-py.

    end_to_end.py PATH/redstart-server [CHECK...]

Each check gets a server of its own. Ends with `N passed, N failed`.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import redis

PROGRAM = os.path.abspath(sys.argv[1])
CHECKS = []


def check(*options):
    """Registers a check: a function of a running server that was started with these options."""

    def register(function):
        CHECKS.append((function, options))
        return function

    return register


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(folder):
    """An authority of this folder's own, and what it signs for a server and for a client."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes")
    openssl(*new, "-x509", "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=authority")
    with open(os.path.join(folder, "more"), "w") as file:
        file.write("subjectAltName=DNS:localhost")
    # Without extensions older versions of openssl write certificates of X.509's first version.
    for name, more in (("server", ["-extfile", "more"]), ("client", ["-extfile", "more"]), ("plain", [])):
        openssl(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.crt", "-days", "2", *more)


class Server:
    """A running server, in a folder that goes with it."""

    def __init__(self, options):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.folder.name, "log")
        command = [PROGRAM, "--port", str(self.port), "--dir", self.folder.name, "--logfile", self.log]
        blanks = {"{dir}": self.folder.name, "{port}": str(self.port)}
        if any("server.crt" in option for option in options):
            make_certificates(self.folder.name)
        for option in options:
            for blank, value in blanks.items():
                option = option.replace(blank, value)
            command.append(option)
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.wait_until_it_listens()

    def wait_until_it_listens(self):
        for _ in range(200):
            if self.process.poll() is not None:
                raise AssertionError("it ended at once: " + self.process.stderr.read())
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("it does not listen")

    def client(self, **how):
        return redis.Redis(port=self.port, socket_timeout=20, **how)

    def cli(self, *words, stdin=None, options=()):
        command = ["redis-cli", "-p", str(self.port), *options, *words]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=60)
        return (done.stdout + done.stderr).decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()


def same(got, expected):
    assert got == expected, f"expected {expected!r}, got {got!r}"


def refused(error, call, *args, **named):
    """The error that a call ends in begins with these words."""
    try:
        answer = call(*args, **named)
    except redis.RedisError as refusal:
        assert str(refusal).startswith(error), f"expected {error!r}, got {refusal!r}"
        return
    raise AssertionError(f"expected {error!r}, got {answer!r}")


# redis-cli


@check()
def cli_asks_and_is_answered(server):
    same(server.cli("PING"), "PONG\n")
    same(server.cli("SET", "k", "v w"), "OK\n")
    same(server.cli("--no-raw", "GET", "k"), '"v w"\n')
    same(server.cli("--no-raw", "GET", "nothing"), "(nil)\n")
    same(server.cli("-3", "--no-raw", "INCR", "n"), "(integer) 1\n")
    same(server.cli("NONSENSE", "a"), "ERR unknown command 'NONSENSE', with args beginning with: 'a' \n\n")


@check()
def cli_reads_a_session_from_a_pipe(server):
    out = server.cli(stdin=b"SET a 1\nINCR a\nGET a\nGET \"a\n")
    assert out.startswith("OK\n2\n2\n"), out


@check()
def cli_loads_many_keys_at_once(server):
    lines = b"".join(b"SET key:%d value:%d\r\n" % (n, n) for n in range(20000))
    out = server.cli("--pipe", stdin=lines)
    assert "errors: 0, replies: 20000" in out, out
    same(server.cli("DBSIZE"), "20000\n")


@check()
def cli_scans(server):
    server.client().mset({f"key:{n}": n for n in range(3000)})
    keys = server.cli("--scan", "--pattern", "key:1*").split()
    same(len(keys), len(set(keys)))
    same(len(keys), sum(1 for n in range(3000) if str(n).startswith("1")))


@check()
def cli_looks_for_big_keys(server):
    server.client().set("big", "x" * 100000)
    server.client().set("small", "x")
    out = server.cli("--bigkeys", "-i", "0")
    # Versions of the client quote the name differently: "big", '"big"'.
    assert "big with 100000 bytes" in out.replace("'", "").replace('"', ""), out


@check()
def cli_shows_info(server):
    assert "redis_version:7.2.4" in server.cli("INFO", "server")
    out = server.cli("INFO", "everything")
    assert "# Keyspace" in out and "# Commandstats" in out, out[:500]


# redis-benchmark

ALL_TESTS = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset"


def benchmark(server, *options):
    command = ["redis-benchmark", "-p", str(server.port), "-q", *options]
    done = subprocess.run(command, capture_output=True, timeout=120, text=True)
    out = done.stdout + done.stderr
    assert done.returncode == 0 and "requests per second" in out, out
    # It asks for CONFIG first; anything else that goes wrong is an error line.
    assert "rror" not in out.replace("ERROR: failed to fetch CONFIG", ""), out


@check()
def benchmark_of_one_request_at_a_time(server):
    benchmark(server, "-n", "20000", "-c", "50", "-t", ALL_TESTS, "-r", "1000")


@check()
def benchmark_of_pipelines(server):
    benchmark(server, "-n", "200000", "-c", "50", "-P", "16", "-t", ALL_TESTS, "-r", "10000", "-d", "64")


@check()
def benchmark_of_long_values_and_threads(server):
    benchmark(server, "-n", "5000", "-c", "20", "-t", "set,get", "-d", "100000", "--threads", "2")


# redis-py


@check()
def strings_in_both_protocols(server):
    for protocol in (2, 3):
        client = server.client(protocol=protocol)
        assert client.set("k", b"\x00\xff\r\n") is True
        same(client.get("k"), b"\x00\xff\r\n")
        assert client.get("missing") is None
        same(client.append("k", "x"), 5)
        same(client.strlen("k"), 5)
        same(client.getrange("k", 0, 1), b"\x00\xff")
        same(client.incrby("n", 5), 5)
        same(client.decr("n"), 4)
        same(client.incrbyfloat("f", 1.5), 1.5)
        assert client.mset({"a": 1, "b": 2})
        same(client.mget("a", "missing", "b"), [b"1", None, b"2"])
        same(client.getdel("a"), b"1")
        same(client.exists("a", "b"), 1)
        client.flushall()


@check()
def conditions_of_set(server):
    client = server.client()
    assert client.set("k", 1, xx=True) is None
    assert client.set("k", 1, nx=True) is True
    assert client.set("k", 2, nx=True) is None
    same(client.set("k", 3, get=True), b"1")
    client.set("word", "x")
    refused("value is not an integer", client.incr, "word")


@check()
def times_to_live(server):
    client = server.client()
    client.set("k", "v", px=60)
    assert 0 < client.pttl("k") <= 60
    time.sleep(0.15)
    assert client.get("k") is None
    same(client.ttl("k"), -2)
    client.set("k", "v", ex=100)
    same(client.ttl("k"), 100)
    assert client.persist("k")
    same(client.ttl("k"), -1)
    client.set("gone", "v", px=30)
    time.sleep(1)
    same(client.dbsize(), 1)
    same(client.info("stats")["expired_keys"], 2)


@check()
def keys_and_databases(server):
    client, other = server.client(), server.client(db=3)
    for n in range(500):
        client.set(f"user:{n}", n)
    same(sorted(client.scan_iter("user:4?", count=7)), sorted(b"user:%d" % n for n in range(40, 50)))
    same(other.dbsize(), 0)
    assert client.move("user:1", 3)
    same(other.get("user:1"), b"1")
    assert client.rename("user:2", "u2")
    same(client.type("u2"), b"string")
    assert client.copy("u2", "u3")
    same(client.unlink("u2", "u3"), 2)
    assert other.flushdb()
    same(client.dbsize(), 498)
    refused("no such key", client.rename, "nothing", "x")


@check()
def pipelines_keep_their_order(server):
    client = server.client()
    pipeline = client.pipeline(transaction=False)
    for n in range(5000):
        pipeline.set(f"k{n}", n)
        pipeline.get(f"k{n}")
    answers = pipeline.execute()
    same(answers[1::2], [b"%d" % n for n in range(5000)])


@check()
def lists_sets_and_hashes(server):
    client = server.client(protocol=3)
    client.rpush("l", *range(1000))
    same(client.lrange("l", -3, -1), [b"997", b"998", b"999"])
    same(client.object("encoding", "l"), b"listpack")
    client.rpush("l", "x" * 9000)
    same(client.object("encoding", "l"), b"quicklist")
    same(client.lpos("l", "500"), 500)
    same(client.lmove("l", "m", "RIGHT", "LEFT"), b"x" * 9000)
    client.sadd("s", *range(100))
    client.sadd("t", *range(50, 150))
    same(client.object("encoding", "s"), b"intset")
    same(client.sinter("s", "t"), {b"%d" % n for n in range(50, 100)})
    same(client.sintercard(2, ["s", "t"], limit=7), 7)
    same(len(client.spop("s", 40)), 40)
    client.hset("h", mapping={f"f{n}": n for n in range(600)})
    same(client.object("encoding", "h"), b"hashtable")
    same(dict(client.hscan_iter("h"))[b"f77"], b"77")
    same(client.hexpire("h", 1, "f1", "f2"), [1, 1])
    time.sleep(1.3)
    same(client.hmget("h", "f1", "f2", "f3"), [None, None, b"3"])
    same(client.hlen("h"), 598)
    same(client.sort("l", desc=True, start=0, num=2), [b"999", b"998"])


@check()
def sorted_sets_and_places(server):
    client = server.client(protocol=3)
    client.zadd("z", {f"p{n}": n * 7919 % 1009 for n in range(1009)})
    same(client.object("encoding", "z"), b"skiplist")
    same(client.zrange("z", 0, 1, withscores=True), [[b"p0", 0.0], [b"p%d" % pow(7919, -1, 1009), 1.0]])
    same(client.zrank("z", "p0"), 0)
    same(client.zcount("z", "(10", 20), 10)
    same(client.zunionstore("u", {"z": 2}), 1009)
    same(client.zscore("u", "p1"), 2.0 * (7919 % 1009))
    same(client.zremrangebyrank("u", 5, -1), 1004)
    client.geoadd("sicily", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"))
    same(round(client.geodist("sicily", "Palermo", "Catania", unit="km"), 1), 166.3)
    same(client.geosearch("sicily", longitude=15, latitude=37, radius=100, unit="km"), [b"Catania"])
    client.pfadd("visitors", *range(10000))
    assert abs(client.pfcount("visitors") - 10000) < 300


@check()
def streams_and_groups(server):
    client = server.client()
    ids = [client.xadd("s", {"n": n}) for n in range(300)]
    same(client.xlen("s"), 300)
    same(client.xrange("s", ids[5], ids[6]), [(ids[5], {b"n": b"5"}), (ids[6], {b"n": b"6"})])
    client.xgroup_create("s", "g", id="0")
    [[_, first]] = client.xreadgroup("g", "alice", {"s": ">"}, count=10)
    same([entry for entry, _ in first], ids[:10])
    same(client.xack("s", "g", *ids[:4]), 4)
    same(client.xpending("s", "g")["pending"], 6)
    same(len(client.xclaim("s", "g", "bob", 0, ids[4:8])), 4)
    same(client.xinfo_groups("s")[0]["lag"], 290)
    same(client.xtrim("s", maxlen=100, approximate=False), 200)


@check()
def waiting_is_first_come_first_served(server):
    answers, threads = [], []

    def wait(name):
        answers.append((name, server.client().blpop(["jobs", "more"], timeout=10)))

    for name in range(3):
        threads.append(threading.Thread(target=wait, args=(name,)))
        threads[-1].start()
        time.sleep(0.1)
    client = server.client()
    same(client.info("clients")["blocked_clients"], 3)
    for job in ("a", "b", "c"):
        client.rpush("jobs", job)
        time.sleep(0.1)
    [thread.join() for thread in threads]
    same(answers, [(0, (b"jobs", b"a")), (1, (b"jobs", b"b")), (2, (b"jobs", b"c"))])
    began = time.time()
    same(client.blpop("jobs", timeout=0.3), None)
    assert 0.29 < time.time() - began < 1


@check()
def transactions_and_watching(server):
    client, other = server.client(), server.client()
    with client.pipeline() as pipeline:
        pipeline.set("a", 1)
        pipeline.incr("a")
        pipeline.lpush("a", "x")
        answers = pipeline.execute(raise_on_error=False)
    same(answers[:2], [True, 2])
    assert str(answers[2]).startswith("WRONGTYPE"), answers[2]
    with client.pipeline() as pipeline:
        pipeline.watch("a")
        other.set("a", 5)
        pipeline.multi()
        pipeline.set("a", 6)
        try:
            pipeline.execute()
            raise AssertionError("a watched key was changed")
        except redis.WatchError:
            pass
    same(client.get("a"), b"5")


@check()
def messages_and_notifications(server):
    client = server.client()
    client.config_set("notify-keyspace-events", "KEA")
    listener = server.client().pubsub()
    listener.subscribe("news")
    listener.psubscribe("__keyevent@0__:*")
    time.sleep(0.2)
    same(client.publish("news", "hello"), 1)
    client.zadd("z", {"a": 1})
    told = []
    deadline = time.time() + 5
    while len(told) < 2 and time.time() < deadline:
        message = listener.get_message(ignore_subscribe_messages=True, timeout=0.5)
        if message:
            told.append((message["channel"], message["data"]))
    same(told, [(b"news", b"hello"), (b"__keyevent@0__:zadd", b"z")])


@check()
def users_have_the_rights_they_were_given(server):
    client = server.client()
    client.acl_setuser("reader", enabled=True, passwords=["+secret"], keys=["pub:*"], commands=["+get"])
    reader = server.client(username="reader", password="secret")
    client.set("pub:a", 1)
    same(reader.get("pub:a"), b"1")
    refused("User reader has no permissions", reader.set, "pub:a", 2)
    refused("No permissions to access a key", reader.get, "private")
    same(client.acl_log()[0]["username"], "reader")


@check()
def a_watched_key_makes_a_transaction_begin_anew(server):
    client, rival = server.client(), server.client()
    client.set("seats", 10)
    rounds = []

    def book(pipeline):
        seats = int(pipeline.get("seats"))
        if not rounds:
            rival.decr("seats")
        rounds.append(seats)
        pipeline.multi()
        pipeline.set("seats", seats - 1)
        pipeline.lpush("log", seats)

    same(client.transaction(book, "seats"), [True, 1])
    same((rounds, client.get("seats")), ([10, 9], b"8"))
    with client.pipeline() as pipeline:
        pipeline.watch("seats")
        pipeline.unwatch()
        rival.set("seats", 1)
        pipeline.multi()
        pipeline.get("seats")
        same(pipeline.execute(), [b"1"])


def heard(listener, count):
    """So many messages, of any kind."""
    messages, deadline = [], time.time() + 5
    while len(messages) < count and time.time() < deadline:
        message = listener.get_message(timeout=0.5)
        if message:
            messages.append((message["type"], message["pattern"], message["channel"], message["data"]))
    same(len(messages), count)
    return messages


@check()
def channels_patterns_and_shards(server):
    for protocol in (2, 3):
        client, listener = server.client(protocol=protocol), server.client(protocol=protocol).pubsub()
        listener.subscribe("a", "b")
        listener.psubscribe("a*")
        listener.ssubscribe("shard")
        kinds = [kind for kind, *_ in heard(listener, 4)]
        same(kinds, ["subscribe", "subscribe", "psubscribe", "ssubscribe"])
        same((client.publish("a", "1"), client.publish("b", "2"), client.spublish("shard", "3")), (2, 1, 1))
        same(heard(listener, 4), [
            ("message", None, b"a", b"1"),
            ("pmessage", b"a*", b"a", b"1"),
            ("message", None, b"b", b"2"),
            ("smessage", None, b"shard", b"3"),
        ])
        same(sorted(client.pubsub_channels("?")), [b"a", b"b"])
        same(client.pubsub_numsub("a", "none"), [(b"a", 1), (b"none", 0)])
        same((client.pubsub_numpat(), client.pubsub_shardchannels()), (1, [b"shard"]))
        listener.unsubscribe()
        listener.punsubscribe()
        listener.sunsubscribe()
        same([left for *_, left in heard(listener, 4)], [2, 1, 0, 0])
        listener.close()


@check()
def scripts_are_loaded_when_they_are_missed(server):
    for protocol in (2, 3):
        client = server.client(protocol=protocol)
        client.set("n", 40)
        add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        same(client.script_exists(add.sha), [False])
        refused("No matching script", client.evalsha, add.sha, 1, "n", 1)
        same(add(keys=["n"], args=[2]), 42)
        same(client.script_exists(add.sha), [True])
        with client.pipeline() as pipeline:
            add(keys=["n"], args=[1], client=pipeline)
            add(keys=["n"], args=[1], client=pipeline)
            same(pipeline.execute(), [43, 44])
        client.script_flush()
        with client.pipeline(transaction=False) as pipeline:
            add(keys=["n"], args=[1], client=pipeline)
            same(pipeline.execute(), [45])
        client.script_flush()


@check()
def functions_are_kept(server):
    client = server.client()
    code = "#!lua name=mine\nredis.register_function('add', function(keys, args) \
return redis.call('INCRBY', keys[1], args[1]) end)\n\
redis.register_function{function_name='look', callback=function(keys) return redis.call('GET', keys[1]) end, \
flags={'no-writes'}}"
    same(client.function_load(code), b"mine")
    refused("Library 'mine' already exists", client.function_load, code)
    same(client.function_load(code, replace=True), b"mine")
    same((client.fcall("add", 1, "n", 5), client.fcall_ro("look", 1, "n")), (5, b"5"))
    refused("Can not execute a script with write flag using *_ro command.", client.fcall_ro, "add", 1, "n", 5)
    kept = client.function_dump()
    assert client.function_flush()
    refused("Function not found", client.fcall, "add", 1, "n", 5)
    assert client.function_restore(kept)
    same(client.fcall("add", 1, "n", 5), 10)


@check()
def a_cache_beside_the_client_is_told_of_changes(server):
    from redis.cache import CacheConfig
    from redis.connection import CacheProxyConnection as Cached

    # The library lets only servers of this name use it; Valkey it turns away as well.
    Cached.DEFAULT_SERVER_NAME, Cached.MIN_ALLOWED_VERSION = "redstart", "7.0.0"
    client = server.client(protocol=3, cache_config=CacheConfig(max_size=100))
    other = server.client()
    other.set("k", "old")
    same((client.get("k"), client.get("k")), (b"old", b"old"))
    before = other.info("commandstats")["cmdstat_get"]["calls"]
    same(client.get("k"), b"old")
    same(other.info("commandstats")["cmdstat_get"]["calls"], before)
    other.set("k", "new")
    deadline = time.time() + 5
    while client.get("k") != b"new" and time.time() < deadline:
        time.sleep(0.01)
    same(client.get("k"), b"new")
    other.flushall()
    deadline = time.time() + 5
    while client.get("k") is not None and time.time() < deadline:
        time.sleep(0.01)
    assert client.get("k") is None


@check()
def changed_keys_are_told_to_another_connection(server):
    client, other = server.client(single_connection_client=True, protocol=2), server.client()
    listener = server.client(protocol=2).pubsub()
    listener.subscribe("__redis__:invalidate")
    same([kind for kind, *_ in heard(listener, 1)], ["subscribe"])
    number = next(one["id"] for one in client.client_list() if one["sub"] == "1")
    client.execute_command("CLIENT", "TRACKING", "ON", "REDIRECT", number)
    client.get("k")
    other.set("k", 1)
    same([data for *_, data in heard(listener, 1)], [[b"k"]])


@check("--port", "0", "--tls-port", "{port}", "--tls-cert-file", "{dir}/server.crt", "--tls-key-file",
       "{dir}/server.key", "--tls-ca-cert-file", "{dir}/ca.crt")
def encrypted_connections(server):
    folder = server.folder.name
    safe = {"ssl": True, "ssl_ca_certs": f"{folder}/ca.crt"}
    own = {"ssl_certfile": f"{folder}/client.crt", "ssl_keyfile": f"{folder}/client.key"}
    for protocol in (2, 3):
        client = server.client(protocol=protocol, host="localhost", **safe, **own)
        value = os.urandom(300_000)
        client.set("k", value)
        assert client.get("k") == value
        pipeline = client.pipeline(transaction=False)
        for n in range(2000):
            pipeline.set(f"k{n}", value[n:n + 100])
            pipeline.get(f"k{n}")
        same(pipeline.execute()[1::2], [value[n:n + 100] for n in range(2000)])
        listener = client.pubsub()
        listener.subscribe("news")
        same(listener.get_message(timeout=5)["type"], "subscribe")
        client.publish("news", "hello")
        same(listener.get_message(timeout=5)["data"], b"hello")
        listener.close()
    stranger = server.client(host="localhost", retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0), **safe)
    refused("", stranger.ping)
    client.config_set("tls-auth-clients", "no")
    assert server.client(host="localhost", **safe).ping()
    client.acl_setuser("reader", enabled=True, passwords=["+secret"], keys=["*"], commands=["+get"])
    reader = server.client(host="localhost", username="reader", password="secret", **safe)
    same(reader.get("k0"), value[:100])
    client.config_set("tls-cert-file", f"{folder}/plain.crt", "tls-key-file", f"{folder}/plain.key")
    assert server.client(host="localhost", ssl_check_hostname=False, **safe).ping()
    client.config_set("tls-auth-clients", "yes")
    old = {**safe, "ssl_certfile": f"{folder}/plain.crt", "ssl_keyfile": f"{folder}/plain.key"}
    assert server.client(host="localhost", ssl_check_hostname=False, **old).ping()
    for number, how in enumerate(([], ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"])):
        locked = f"{folder}/locked{number}.key"
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", f"{folder}/server.key", "-out", locked,
                        "-passout", "pass:open sesame", *how], check=True)
        pair = ("tls-cert-file", f"{folder}/server.crt", "tls-key-file", locked, "tls-key-file-pass")
        refused("CONFIG SET failed", client.config_set, *pair, "wrong")
        client.config_set(*pair, "open sesame")
        assert server.client(host="localhost", **safe, **own).ping()


@check()
def many_clients_at_once(server):
    client = server.client(max_connections=100)
    faults = []

    def count():
        try:
            for n in range(300):
                client.incr("shared")
                key = f"{threading.get_ident()}:{n}"
                client.set(key, key)
                same(client.get(key), key.encode())
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=count) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults
    same(client.get("shared"), b"9000")


@check()
def long_values(server):
    client = server.client()
    value = random.Random(1).randbytes(30_000_000)
    assert client.set("k", value)
    assert client.get("k") == value
    same(client.setrange("k", 40_000_000, "end"), 40_000_003)


@check()
def errors_leave_the_connection_usable(server):
    client = server.client(single_connection_client=True)
    refused("unknown command", client.execute_command, "NONSENSE")
    refused("wrong number of arguments", client.execute_command, "GET")
    refused("syntax error", client.execute_command, "SET", "k", "v", "WHAT")
    assert client.ping()


@check()
def configuration(server):
    client = server.client()
    same(client.config_get("maxmemory")["maxmemory"], "0")
    assert client.config_set("maxmemory", "100mb")
    same(client.config_get("maxmemory*")["maxmemory"], "104857600")
    refused("CONFIG SET failed", client.config_set, "maxmemory", "a lot")
    assert client.config_resetstat()


@check()
def clients_are_listed_and_killed(server):
    client, victim = server.client(), server.client(client_name="victim")
    victim.ping()
    names = [entry["name"] for entry in client.client_list()]
    assert "victim" in names, names
    other = next(entry for entry in client.client_list() if entry["name"] == "victim")
    same(client.client_kill_filter(_id=other["id"]), 1)
    assert victim.ping(), "it connects again"


@check("--requirepass", "secret")
def passwords(server):
    refused("Authentication required", server.client(protocol=2).get, "k")
    refused("HELLO must be called", server.client(protocol=3).get, "k")
    assert server.client(password="secret").ping()
    assert server.client(username="default", password="secret", protocol=3).ping()
    refused("invalid username-password pair", server.client(password="wrong", protocol=2).ping)


@check("--maxmemory", "20mb", "--maxmemory-policy", "allkeys-lru")
def memory_stays_below_its_limit(server):
    client = server.client()
    pipeline = client.pipeline(transaction=False)
    for n in range(40000):
        pipeline.set(f"key:{n}", "x" * 1000)
    assert all(pipeline.execute())
    info = client.info()
    assert info["evicted_keys"] > 1000, info["evicted_keys"]
    assert info["used_memory"] < 25_000_000, info["used_memory"]


@check("--maxmemory", "5mb")
def no_memory_is_an_error(server):
    client = server.client()
    refused("command not allowed when used memory", lambda: [client.set(f"k{n}", "x" * 10000) for n in range(2000)])
    assert client.get("k0") is not None


@check("--unixsocket", "{dir}/socket", "--unixsocketperm", "700")
def unix_sockets(server):
    path = os.path.join(server.folder.name, "socket")
    assert redis.Redis(unix_socket_path=path).ping()
    same(oct(os.stat(path).st_mode & 0o777), "0o700")


@check("--maxclients", "10")
def too_many_clients(server):
    sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
    late = socket.create_connection(("127.0.0.1", server.port))
    late.settimeout(5)
    same(late.recv(100), b"-ERR max number of clients reached\r\n")
    for other in [*sockets, late]:
        other.close()


@check()
def garbage_is_refused_politely(server):
    for bytes_, answer in [(b"*1\r\n!", b"-ERR Protocol error: expected '$'"), (b"*x\r\n", b"-ERR Protocol error: invalid multibulk")]:
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.settimeout(5)
            raw.sendall(bytes_)
            got = raw.recv(200)
            assert got.startswith(answer), got
            same(raw.recv(1), b"")
    dice = random.Random(1)
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(dice.randbytes(dice.randrange(2000)))
    assert server.client().ping()


@check()
def a_slow_byte_at_a_time(server):
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.settimeout(5)
        for byte in b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvw\r\n":
            raw.sendall(bytes([byte]))
            time.sleep(0.001)
        same(raw.recv(100), b"+OK\r\n")


# The process


@check()
def sigterm_ends_it_well(server):
    server.process.send_signal(signal.SIGTERM)
    same(server.process.wait(timeout=10), 0)
    assert "bye bye" in open(server.log).read()


@check()
def shutdown_ends_it_well(server):
    server.cli("SHUTDOWN", "NOSAVE")
    same(server.process.wait(timeout=10), 0)


@check()
def a_port_in_use_is_said_in_a_line(server):
    done = subprocess.run([PROGRAM, "--port", str(server.port)], capture_output=True, timeout=20, text=True)
    same(done.returncode, 1)
    assert "in use" in done.stderr and "panicked" not in done.stderr, done.stderr


@check()
def wrong_options_are_said_in_a_line(server):
    for options in (["--nonsense", "1"], ["--port", "x"], ["/nonexistent/redis.conf"]):
        done = subprocess.run([PROGRAM, *options], capture_output=True, timeout=20, text=True)
        same(done.returncode, 1)
        assert done.stderr.strip() and "panicked" not in done.stderr, done.stderr


@check()
def a_configuration_file_is_read_and_rewritten(server):
    port, path = free_port(), os.path.join(server.folder.name, "my.conf")
    with open(path, "w") as file:
        file.write(f"# mine\nport {port}\nmaxmemory 50mb\n")
    process = subprocess.Popen([PROGRAM, path, "--hz", "20"], stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100))
        same(client.config_get("maxmemory")["maxmemory"], "52428800")
        same(client.config_get("hz")["hz"], "20")
        client.config_set("maxmemory", "60mb")
        assert client.config_rewrite()
        text = open(path).read()
        assert text.startswith("# mine\n") and "maxmemory 60mb" in text and "hz 20" in text, text
    finally:
        process.terminate()
        process.wait()


def main():
    wanted = sys.argv[2:]
    passed = failed = 0
    for function, options in CHECKS:
        if wanted and function.__name__ not in wanted:
            continue
        server = None
        try:
            server = Server(options)
            function(server)
            passed += 1
            print(f"ok      {function.__name__}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {function.__name__}", flush=True)
            traceback.print_exc(limit=-2)
            if server and os.path.exists(server.log):
                print("".join(open(server.log).readlines()[-5:]))
        finally:
            if server:
                server.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
