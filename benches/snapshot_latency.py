#!/usr/bin/env python3
"""What clients feel of BGSAVE, and what memory it takes: a peer, and our methods of writing snapshots.

    benches/snapshot_latency.py --ours PATH --peer PATH [--keys 2000000] [--rate 4000] [--rounds 2] [--port 7400]

Three figures of each server, each of a fresh process with the same keys (`key:%012d`, values of 16 bytes):

*   latency (microseconds) of a steady load of GET and SET, half and half, of random keys, while BGSAVE runs and before it.
    Requests are due at fixed times and their latency counts from there, whether or not the server kept up;
*   wall time of BGSAVE under that load, and with none;
*   surplus of memory while the same keys are overwritten in pipelines as fast as the server can: the peak of the sum of
    the proportional set sizes of server and child, less that before BGSAVE.

Servers take turns. On a machine that others use as well, the figures before BGSAVE show how much of the tail is theirs.
Standard library only.
"""

import argparse
import gc
import os
import random
import selectors
import shutil
import socket
import subprocess
import tempfile
import time


def request(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def key(number):
    return b"key:%012d" % number


class Server:
    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.folder = tempfile.mkdtemp(prefix="snapshot-latency-")
        options = ["--port", str(port), "--save", "", "--dir", self.folder, "--logfile", "log"]
        self.process = subprocess.Popen(command + options, stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.05)
        self.file = self.socket.makefile("rb", 1 << 20)

    def call(self, *words):
        self.socket.sendall(request(*words))
        line = self.file.readline()
        if line.startswith(b"$") and line != b"$-1\r\n":
            return self.file.read(int(line[1:]) + 2)[:-2]
        return line[:-2]

    def fill(self, keys):
        for start in range(0, keys, 2000):
            numbers = range(start, min(start + 2000, keys))
            self.socket.sendall(b"".join(request("SET", key(n), b"%016d" % n) for n in numbers))
            for _ in numbers:
                self.file.readline()

    def info(self, field):
        for line in self.call("INFO", "persistence").split(b"\r\n"):
            if line.startswith(field.encode() + b":"):
                return line.split(b":")[1].decode()
        return None

    def saving(self):
        return self.info("rdb_bgsave_in_progress") == "1"

    def memory(self):
        """Bytes of server and children, shared pages counted once."""
        pids, total = [self.process.pid], 0
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
                pids += file.read().split()
        except OSError:
            pass
        for pid in pids:
            try:
                with open(f"/proc/{pid}/smaps_rollup") as file:
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except (OSError, StopIteration):
                pass
        return total * 1024

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Load:
    """Requests that are due at fixed times, over some connections in turn; latencies in microseconds."""

    def __init__(self, server, keys, rate, connections=16):
        self.keys, self.period = keys, 1.0 / rate
        self.idle, self.asked = [], {}
        self.selector = selectors.DefaultSelector()
        for _ in range(connections):
            one = socket.create_connection(("127.0.0.1", server.port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(one, selectors.EVENT_READ)
            self.idle.append(one)

    def run(self, until):
        """Latencies while `until`, asked every 20 ms, says no."""
        latencies, clock, dice = [], time.perf_counter, random.Random(1)
        value = b"0123456789abcdef"
        due = look = clock()
        while True:
            now = clock()
            while due <= now and self.idle:
                one = self.idle.pop()
                number = dice.randrange(self.keys)
                one.send(request("SET", key(number), value) if number & 1 else request("GET", key(number)))
                self.asked[one] = due
                due += self.period
            if now >= look:
                look = now + 0.02
                if until(now):
                    break
            for ready, _ in self.selector.select(0):
                one = ready.fileobj
                one.recv(4096)
                latencies.append((clock() - self.asked.pop(one)) * 1e6)
                self.idle.append(one)
        return latencies


def shown(latencies):
    latencies = sorted(latencies)
    at = lambda share: latencies[min(int(len(latencies) * share), len(latencies) - 1)]
    return "p50 %7.0f  p99 %7.0f  p99.9 %7.0f  max %7.0f us  (%d)" % (
        at(0.5), at(0.99), at(0.999), latencies[-1], len(latencies))


def steady(server, args):
    load = Load(server, args.keys, args.rate)
    began = time.perf_counter()
    before = load.run(lambda now: now - began > 3)
    began = time.perf_counter()
    server.call("BGSAVE")
    during = load.run(lambda _: not server.saving())
    took = time.perf_counter() - began
    print(f"  {server.name:10} quiet      {shown(before)}")
    print(f"  {server.name:10} BGSAVE     {shown(during)}  wall {took:.2f} s", flush=True)


def alone(server):
    began = time.perf_counter()
    server.call("BGSAVE")
    while server.saving():
        time.sleep(0.005)
    print(f"  {server.name:10} alone      wall {time.perf_counter() - began:.2f} s", flush=True)


def overwrite(server, args):
    dice, value = random.Random(2), b"fedcba9876543210"
    batches = [b"".join(request("SET", key(dice.randrange(args.keys)), value) for _ in range(500)) for _ in range(400)]
    one = socket.create_connection(("127.0.0.1", server.port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(number):
        one.sendall(batches[number % len(batches)])
        left = 500 * 5
        while left:
            left -= len(one.recv(left))

    before = server.memory()
    server.call("BGSAVE")
    began = looked = time.perf_counter()
    peak, number = before, 0
    while True:
        send(number)
        number += 1
        now = time.perf_counter()
        if now - looked > 0.05:
            looked = now
            peak = max(peak, server.memory())
            if not server.saving():
                break
    took = now - began
    print(f"  {server.name:10} overwrite  surplus {(peak - before) / 2**20:.0f} MB of {before / 2**20:.0f} MB, "
          f"{number * 500 / took / 1000:.0f}k SET/s, wall {took:.2f} s, "
          f"cow as told {int(server.info('rdb_last_cow_size') or 0) / 2**20:.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--keys", type=int, default=2_000_000)
    parser.add_argument("--rate", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--port", type=int, default=7400)
    args = parser.parse_args()
    gc.disable()
    kinds = [
        ("peer", [args.peer]),
        ("fork", [args.ours, "--snapshot-method", "fork"]),
        ("versioned", [args.ours, "--snapshot-method", "versioned"]),
    ]
    for number in range(args.rounds):
        print(f"round {number + 1}, {args.keys} keys, {args.rate} requests a second", flush=True)
        for name, command in kinds:
            server = Server(name, command, args.port)
            try:
                server.fill(args.keys)
                time.sleep(1)
                steady(server, args)
                alone(server)
                overwrite(server, args)
            finally:
                server.stop()


if __name__ == "__main__":
    main()
