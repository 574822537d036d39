#!/usr/bin/env python3
"""Durability, measured against a peer: both servers do the same work on the same data, in turns.

    benches/durability.py load-rdb --ours PATH --peer PATH [--data strings:2000000] [--rounds 3]
    benches/durability.py bgsave   --ours PATH --peer PATH [--data strings:2000000] [--rounds 3]
    benches/durability.py load-aof --ours PATH --peer PATH [--data strings:2000000] [--rounds 3]
    benches/durability.py append   --ours PATH --peer PATH --benchmark PATH/valkey-benchmark [--rounds 3]

`append` is different: SETs by 50 clients while an append-only file is written, in requests a second and in microseconds of
the server for one. --options "..." are more arguments of our server, for bgsave.

Each of the others prints, for each kind of data, the seconds of both (the least of all rounds, and the median), by the
wall clock and by processor time (user + system), and the ratio of the least ones: how many times as long as ours the peer
took. On a machine that others use as well, processor time is the one to look at.

Data is made by the peer (so that both load a file that they did not write themselves in a form of its own) and kept in
the folder of --folder, if one is given, for the next call. Kinds: strings, long (strings of 500 bytes), zset, hash, set,
list, stream, small (hashes of 8 fields), each with a number of elements after a colon; several are separated by commas.

Standard library only. Another subcommand is one function and one line in SUBCOMMANDS.
"""

import argparse
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")


class Connection:
    """Requests in pipelines; replies are counted, not understood, but for single ones."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb", 1 << 20)

    def call(self, *words):
        self.socket.sendall(encode(words))
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        return rest

    def pipeline(self, requests, depth=1000):
        batch, waiting = [], 0
        for words in requests:
            batch.append(encode(words))
            if len(batch) == depth:
                self.socket.sendall(b"".join(batch))
                for _ in range(waiting):
                    self.reply()
                batch, waiting = [], depth
        self.socket.sendall(b"".join(batch))
        for _ in range(waiting + len(batch)):
            self.reply()


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


class Server:
    """A server of its own, in a folder of its own."""

    def __init__(self, path, port, folder, *options):
        self.port = port
        self.began = time.monotonic()
        self.log = open(os.path.join(folder, "log"), "ab")
        words = [path, "--port", str(port), "--dir", folder, "--save", "", *options]
        self.process = subprocess.Popen(words, stdout=self.log, stderr=self.log, cwd=folder)

    def ready(self):
        """Waits until all is loaded; the connection."""
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("the server has ended: see its log")
            try:
                connection = Connection(self.port)
                connection.call("PING")
                return connection
            except RuntimeError as error:
                if not str(error).startswith("LOADING"):
                    raise
            except OSError:
                pass
            time.sleep(0.004)

    def cpu(self):
        """Seconds of the process, and of its children that have ended."""
        with open("/proc/%d/stat" % self.process.pid) as file:
            fields = file.read().rpartition(")")[2].split()
        times = [int(field) / TICK for field in fields[11:15]]
        return times[0] + times[1], times[2] + times[3]

    def children(self):
        path = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        with open(path) as file:
            return file.read().split()

    def child_runs(self):
        for pid in self.children():
            try:
                with open("/proc/%s/stat" % pid) as file:
                    if file.read().rpartition(")")[2].split()[0] != "Z":
                        return True
            except FileNotFoundError:
                pass
        return False

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def noise(number, length):
    """Letters that compress badly, the same for the same number."""
    state, out = (number * 0x9E3779B97F4A7C15 + 1) & (1 << 64) - 1, []
    while len(out) * 13 < length:
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        out.append("%013x" % (state >> 12))
    return "".join(out)[:length].encode()


def strings(count):
    return ((b"SET", b"key:%d" % n, noise(n, 32)) for n in range(count))


def long_strings(count):
    dice = random.Random(1)
    return ((b"SET", b"key:%d" % n, dice.randbytes(500)) for n in range(count))


def in_steps(command, count, each):
    """One large collection, a hundred elements for each request."""
    for start in range(0, count, 100):
        words = [command, command.lower()]
        for n in range(start, min(start + 100, count)):
            words += each(n)
        yield words


def small_hashes(count):
    for n in range(count):
        words = [b"HSET", b"small:%d" % n]
        for field in range(8):
            words += [b"field%d" % field, noise(n * 8 + field, 10)]
        yield words


DATA = {
    "strings": strings,
    "long": long_strings,
    "zset": lambda count: in_steps(b"ZADD", count, lambda n: (b"%d.5" % (n * 7919 % count), noise(n, 16))),
    "hash": lambda count: in_steps(b"HSET", count, lambda n: (b"field:%d" % n, noise(n, 16))),
    "set": lambda count: in_steps(b"SADD", count, lambda n: (noise(n, 16),)),
    "list": lambda count: in_steps(b"RPUSH", count, lambda n: (noise(n, 16),)),
    "stream": lambda count: ((b"XADD", b"stream", b"%d-1" % (n + 1), b"name", noise(n, 16)) for n in range(count)),
    "small": small_hashes,
}


def file_of(args, kind, count):
    """The path of a file with this data, written by the peer."""
    path = os.path.join(args.folder, "%s-%d.rdb" % (kind, count))
    if os.path.exists(path):
        return path
    server = Server(args.peer, args.port, args.folder, "--dbfilename", "making.rdb")
    connection = server.ready()
    connection.pipeline(DATA[kind](count))
    connection.call("SAVE")
    server.end()
    os.rename(os.path.join(args.folder, "making.rdb"), path)
    return path


def data_of(args):
    for part in args.data.split(","):
        kind, _, count = part.partition(":")
        count = int(count or 1_000_000)
        yield kind, count, file_of(args, kind, count)


def in_turns(args, measure):
    """`measure(path of a server)` gives (wall, cpu); the results of all rounds by name."""
    results = {"ours": [], "peer": []}
    for number in range(args.rounds):
        order = ["ours", "peer"] if number % 2 == 0 else ["peer", "ours"]
        for name in order:
            results[name].append(measure(getattr(args, name)))
    return results


def tell(what, results):
    for place, clock in enumerate(["wall", "cpu"]):
        ours, peer = ([one[place] for one in results[name]] for name in ("ours", "peer"))
        ratio = min(peer) / max(min(ours), 1e-9)
        print(
            "%-24s %-4s  ours %7.3f (median %7.3f)  peer %7.3f (median %7.3f)  peer/ours %5.2f"
            % (what, clock, min(ours), statistics.median(ours), min(peer), statistics.median(peer), ratio)
        )
    sys.stdout.flush()


def load_rdb(args):
    """From the start of the process until all is loaded."""
    for kind, count, path in data_of(args):

        def measure(server_path):
            folder = tempfile.mkdtemp(dir=args.folder)
            os.link(path, os.path.join(folder, "dump.rdb"))
            server = Server(server_path, args.port, folder)
            try:
                connection = server.ready()
                took, cpu = time.monotonic() - server.began, server.cpu()[0]
                if int(connection.call("DBSIZE")) == 0:
                    raise RuntimeError("nothing was loaded")
            finally:
                server.end()
                shutil.rmtree(folder)
            return took, cpu

        size = os.path.getsize(path) / (1 << 20)
        tell("load %s:%d (%.0f MB)" % (kind, count, size), in_turns(args, measure))


def saves(connection):
    return b"rdb_bgsave_in_progress:1" in connection.call("INFO", "persistence")


def bgsave(args):
    """From BGSAVE until it is done, and the processor time of that, be it a child's."""
    for kind, count, path in data_of(args):

        def measure(server_path):
            folder = tempfile.mkdtemp(dir=args.folder)
            os.link(path, os.path.join(folder, "dump.rdb"))
            server = Server(server_path, args.port, folder, *options_of(args, server_path))
            try:
                connection = server.ready()
                os.unlink(os.path.join(folder, "dump.rdb"))
                before, began = sum(server.cpu()), time.monotonic()
                connection.call("BGSAVE")
                while server.child_runs() or (not server.children() and saves(connection)):
                    time.sleep(0.005)
                took = time.monotonic() - began
                while saves(connection):
                    time.sleep(0.01)
                if not os.path.exists(os.path.join(folder, "dump.rdb")):
                    raise RuntimeError("nothing was saved")
                return took, sum(server.cpu()) - before
            finally:
                server.end()
                shutil.rmtree(folder)

        tell("bgsave %s:%d" % (kind, count), in_turns(args, measure))


def options_of(args, server_path):
    return args.options.split() if server_path == args.ours else []


APPEND = ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"]


def log_of(args, kind, count):
    """The path of a folder with an append-only file of this data, written by the peer."""
    path = os.path.join(args.folder, "%s-%d.aof" % (kind, count))
    if os.path.exists(path):
        return path
    folder = tempfile.mkdtemp(dir=args.folder)
    server = Server(args.peer, args.port, folder, *APPEND)
    connection = server.ready()
    connection.pipeline(DATA[kind](count))
    connection.call("CONFIG", "SET", "appendfsync", "always")
    connection.call("SET", "the", "end")
    server.end()
    os.rename(folder, path)
    return path


def load_aof(args):
    """From the start of the process until all is loaded."""
    for part in args.data.split(","):
        kind, _, count = part.partition(":")
        count = int(count or 1_000_000)
        path = log_of(args, kind, count)

        def measure(server_path):
            folder = tempfile.mkdtemp(dir=args.folder)
            shutil.copytree(path, folder, dirs_exist_ok=True)
            server = Server(server_path, args.port, folder, *APPEND)
            try:
                connection = server.ready()
                took, cpu = time.monotonic() - server.began, server.cpu()[0]
                if int(connection.call("DBSIZE")) < 2:
                    raise RuntimeError("nothing was loaded")
            finally:
                server.end()
                shutil.rmtree(folder)
            return took, cpu

        log = os.path.join(path, "appendonlydir")
        size = sum(os.path.getsize(os.path.join(log, name)) for name in os.listdir(log)) / (1 << 20)
        tell("load %s:%d (%.0f MB)" % (kind, count, size), in_turns(args, measure))


def rate(args, server_path, fsync, depth, count):
    """Requests a second, and microseconds of the server for one."""
    folder = tempfile.mkdtemp(dir=args.folder)
    server = Server(server_path, args.port, folder, *APPEND, "--appendfsync", fsync)
    try:
        server.ready()
        before = sum(server.cpu())
        words = [args.benchmark, "-p", str(args.port), "-t", "set", "-n", str(count), "-r", "1000000"]
        words += ["-d", "64", "-c", "50", "-P", str(depth), "--csv"]
        lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
        row = dict(zip(lines[0].replace('"', "").split(","), lines[1].replace('"', "").split(",")))
        return float(row["rps"]), (sum(server.cpu()) - before) / count * 1e6
    finally:
        server.end()
        shutil.rmtree(folder)


def append(args):
    """SET by 50 clients."""
    for fsync, depth, count in [("always", 1, 100_000), ("everysec", 1, 400_000), ("everysec", 16, 2_000_000)]:
        results = in_turns(args, lambda path: rate(args, path, fsync, depth, count))
        middle = {
            name: [statistics.median(one[place] for one in rounds) for place in (0, 1)]
            for name, rounds in results.items()
        }
        (ours, ours_us), (peer, peer_us) = middle["ours"], middle["peer"]
        print(
            "appendfsync %-9s P=%-3d requests/s  ours %9.0f  peer %9.0f  ours/peer %5.2f    us  ours %6.2f  peer %6.2f"
            % (fsync, depth, ours, peer, ours / peer, ours_us, peer_us)
        )
        sys.stdout.flush()


SUBCOMMANDS = {"load-rdb": load_rdb, "bgsave": bgsave, "load-aof": load_aof, "append": append}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=SUBCOMMANDS)
    parser.add_argument("--ours", required=True, help="our server's program")
    parser.add_argument("--peer", required=True, help="the other one's")
    parser.add_argument("--data", default="strings:2000000,zset,hash,set,list,stream,small:200000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=7290)
    parser.add_argument("--options", default="", help="more arguments of our server")
    parser.add_argument("--benchmark", help="valkey-benchmark")
    parser.add_argument("--folder", help="where data is kept; without it a temporary one")
    args = parser.parse_args()
    args.ours, args.peer = os.path.abspath(args.ours), os.path.abspath(args.peer)
    kept = args.folder is not None
    args.folder = os.path.abspath(args.folder) if kept else tempfile.mkdtemp()
    os.makedirs(args.folder, exist_ok=True)
    try:
        SUBCOMMANDS[args.what](args)
    finally:
        if not kept:
            shutil.rmtree(args.folder)


if __name__ == "__main__":
    main()
