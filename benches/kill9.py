#!/usr/bin/env python3
"""Kills a server at random moments, on a real disk, and looks for what it had promised.

    benches/kill9.py --server PATH [--rounds 20] [--port 7301] [--slow] [--full] [--other]

For each `appendfsync` (always, everysec, no) the server is started on the same folder again and again, written to by
several clients at once, and ended by SIGKILL after a random time; rewrites go on meanwhile. After each start every client
compares what it finds with what it was told:

  * all that was answered is there (the kernel has it, whatever the mode);
  * what is there is the state after some number of its writes: no hole, no half transaction, nothing counted twice;
  * the server starts, and what it cut off is at most one piece.

--slow   the same with syncs that take 300 ms (by strace, if there is one)
--full   a small file system in memory that fills up, and is emptied again (needs root, to mount it)
--other  a second server on the same folder; a folder that vanishes, and one that nothing can be made in; a sync that
         fails (by strace)

Without one of the three: the plain rounds. Ends with 1 if a promise was broken. Standard library only.
"""

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

MODES = ["always", "everysec", "no"]
CLIENTS = 6


class Refused(Exception):
    pass


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        out = [b"*%d\r\n" % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.socket.sendall(b"".join(out))

    def call(self, *words):
        self.send(*words)
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise Refused(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        raise ConnectionError(f"not understood: {line!r}")


class Server:
    """One life. `wrap` comes before the server's own words (strace, or nothing)."""

    def __init__(self, options, folder, *config, wrap=()):
        self.options, self.folder = options, folder
        self.log = os.path.join(folder, "log")
        words = [*wrap, options.server, "--port", str(options.port), "--dir", folder, "--save", "",
                 "--appendonly", "yes", "--logfile", self.log, *config]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wrapped = bool(wrap)

    def ready(self, seconds=30):
        until = time.time() + seconds
        while time.time() < until:
            if self.process.poll() is not None:
                raise SystemExit(f"it does not start:\n{self.tail()}")
            try:
                connection = Connection(self.options.port)
                connection.call("GET", "?")
                return connection
            except (OSError, Refused):
                time.sleep(0.02)
        raise SystemExit(f"it does not get ready:\n{self.tail()}")

    def pid(self):
        """Of the server itself, which may be a child of what it is wrapped in."""
        if not self.wrapped:
            return self.process.pid
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return int(children.read().split()[0])

    def kill(self):
        os.kill(self.pid(), signal.SIGKILL)
        self.process.wait()

    def tail(self, lines=15):
        try:
            with open(self.log, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except OSError:
            return "(no log)"


class Writer:
    """As the writers of crates/sim: its state after any number of writes is known, and no two are alike."""

    def __init__(self, number):
        self.number, self.random = number, random.Random(number)
        self.views, self.answered, self.refused = [(None, None, None, None, 0)], 0, 0
        self.broken = None

    def key(self, name):
        return f"{self.number}:{name}"

    def look(self, connection):
        got = connection.call("MGET", *(self.key(name) for name in ("value", "a", "b", "count")))
        length = connection.call("LLEN", self.key("list"))
        view = tuple(int(one) if one is not None else None for one in got) + (length,)
        if view not in self.views:
            return f"client {self.number}: {view} was never there; the last is {self.views[-1]}"
        at = self.views.index(view)
        if at < self.answered:
            return f"client {self.number}: {at} writes are there, {self.answered} were answered"
        del self.views[at + 1:]
        self.answered = at
        return None

    def write(self, connection):
        at = len(self.views)
        value, a, b, count, length = self.views[-1]
        kind = self.random.randrange(4)
        if kind == 0:
            self.views.append((at, a, b, count, length))
            connection.call("SET", self.key("value"), at)
        elif kind == 1:
            self.views.append((value, at, at, count, length))
            connection.send("MULTI")
            connection.send("SET", self.key("a"), at)
            connection.send("SET", self.key("b"), at)
            connection.send("EXEC")
            refusals = []
            for _ in range(4):
                try:
                    connection.reply()
                except Refused as refused:
                    refusals.append(refused)
            if refusals:
                raise refusals[-1]
        elif kind == 2:
            self.views.append((value, a, b, (count or 0) + 1, length))
            connection.call("INCR", self.key("count"))
        else:
            self.views.append((value, a, b, count, length + 1))
            connection.call("RPUSH", self.key("list"), "x" * self.random.randrange(300))
        self.answered = at

    def run(self, port, stop):
        try:
            connection = Connection(port)
            while not stop.is_set():
                try:
                    self.write(connection)
                except Refused as refused:
                    if not str(refused).startswith(("MISCONF", "EXECABORT")):
                        self.broken = f"client {self.number}: {refused}"
                        return
                    self.views.pop()
                    self.refused += 1
                    time.sleep(0.005)
        except (OSError, ConnectionError, ValueError):
            pass


def write_for(port, writers, seconds, meanwhile=None):
    """All write for a while; then `meanwhile` happens, and they hear of the end."""
    stop = threading.Event()
    threads = [threading.Thread(target=writer.run, args=(port, stop)) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    if meanwhile:
        meanwhile()
    stop.set()
    for thread in threads:
        thread.join()
    check(next((writer.broken for writer in writers if writer.broken), None))


def check(why, server=None):
    if why:
        print(f"BROKEN: {why}")
        if server:
            print(server.tail(30))
        sys.exit(1)


def look(writers, connection, server):
    for writer in writers:
        check(writer.look(connection), server)


def rounds(options, mode, count, wrap=(), longest=1.2):
    """Start, compare, write, kill; and a last start."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        writers = [Writer(number) for number in range(CLIENTS)]
        config = ["--appendfsync", mode, "--auto-aof-rewrite-min-size", "64kb"]
        cut = 0
        for _ in range(count):
            server = Server(options, folder, *config, wrap=wrap)
            look(writers, server.ready(), server)
            write_for(options.port, writers, random.uniform(0.02, longest), server.kill)
            cut += server.tail(200).count("was cut at offset")
        server = Server(options, folder, *config)
        look(writers, server.ready(), server)
        server.kill()
        print(f"{mode:9} {count} kills, {sum(writer.answered for writer in writers)} writes answered, all there; "
              f"{cut} files had a last piece cut off")


def strace(*what):
    if not shutil.which("strace"):
        raise SystemExit("there is no strace")
    return ["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync", *what]


def slow(options):
    for mode in MODES:
        wrap = strace("-e", "inject=fdatasync:delay_enter=300000")
        rounds(options, mode, max(2, options.rounds // 4), wrap, 2.5)


def full(options):
    """A file system of 24 MB: it is filled until writes are refused, then there is room again."""
    for mode in MODES:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
            try:
                fill_and_empty(options, folder, mode)
            finally:
                subprocess.run(["umount", "-l", folder], check=True)


def fill_and_empty(options, folder, mode):
    writers = [Writer(number) for number in range(CLIENTS)]
    config = ["--appendfsync", mode, "--auto-aof-rewrite-percentage", "0"]
    server = Server(options, folder, *config)
    connection = server.ready()
    ballast = os.path.join(folder, "ballast")
    for life in range(3):
        look(writers, connection, server)
        with open(ballast, "wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        before = sum(writer.refused for writer in writers)
        # What was reserved still fits; the clients write some of it off, and are refused then.
        seconds = time.time() + 30
        while sum(writer.refused for writer in writers) == before:
            write_for(options.port, writers, 0.5)
            check(time.time() > seconds and "nobody is refused on a full disk", server)
        look(writers, connection, server)
        if life == 1:
            server.kill()
            os.remove(ballast)
            server = Server(options, folder, *config)
            connection = server.ready()
        else:
            os.remove(ballast)
        look(writers, connection, server)
        answered = sum(writer.answered for writer in writers)
        write_for(options.port, writers, 0.5)
        check(sum(writer.answered for writer in writers) == answered and "nobody can write again", server)
    server.kill()
    refused = sum(writer.refused for writer in writers)
    print(f"{mode:9} filled up 3 times: {refused} writes refused, nothing lost, writes go on when there is room")


def other(options):
    two_servers(options)
    vanished(options)
    unwritable(options)
    failing_sync(options)


def two_servers(options):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        server = Server(options, folder)
        server.ready().call("SET", "k", "v")
        second = argparse.Namespace(**{**vars(options), "port": options.port + 1})
        intruder = Server(second, folder, "--logfile", os.path.join(folder, "second"))
        code = intruder.process.wait(timeout=20)
        check(code == 0 and "a second server started on the same folder")
        server.kill()
        server = Server(options, folder)
        check(server.ready().call("GET", "k") != b"v" and "the folder is not free again", server)
        server.kill()
        print("a second server on the folder is refused; the folder is free when the first is dead")


def vanished(options):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        writers = [Writer(number) for number in range(CLIENTS)]
        server = Server(options, folder, "--appendfsync", "always")
        connection = server.ready()
        write_for(options.port, writers, 0.2, lambda: shutil.rmtree(os.path.join(folder, "appendonlydir")))
        write_for(options.port, writers, 0.2)
        connection.call("BGREWRITEAOF")
        until = time.time() + 20
        while b"aof_rewrite_in_progress:1" in connection.call("INFO", "persistence") and time.time() < until:
            time.sleep(0.05)
        write_for(options.port, writers, 0.2)
        look(writers, connection, server)
        server.kill()
        server = Server(options, folder)
        look(writers, server.ready(), server)
        server.kill()
        print("a folder that vanished is made anew by the next rewrite, and all is in it")


def unwritable(options):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        # A file where the folder should be stops root as well.
        open(os.path.join(folder, "appendonlydir"), "w").close()
        server = Server(options, folder)
        code = server.process.wait(timeout=20)
        check(code == 0 and "it started without a folder", server)
        print(f"without a folder it does not start: {server.tail(1).strip()[-90:]}")


def failing_sync(options):
    """The fourth sync fails; a rewrite makes up for it. Then the server is killed."""
    for mode in ["always", "everysec"]:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            writers = [Writer(number) for number in range(CLIENTS)]
            wrap = strace("-e", "inject=fdatasync:error=EIO:when=4")
            server = Server(options, folder, "--appendfsync", mode, wrap=wrap)
            server.ready()
            write_for(options.port, writers, 4 if mode == "always" else 6)
            log = server.tail(200)
            check("Error syncing the AOF file" not in log and "no sync failed", server)
            check("writes are accepted" not in log and "it did not recover", server)
            answered = sum(writer.answered for writer in writers)
            write_for(options.port, writers, 0.5, server.kill)
            check(sum(writer.answered for writer in writers) == answered and "nobody can write again", server)
            server = Server(options, folder, "--appendfsync", mode)
            look(writers, server.ready(), server)
            server.kill()
            print(f"{mode:9} a failed sync: written anew, nothing lost")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--port", type=int, default=7301)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--folder", help="where the folders for the data are made")
    parser.add_argument("--seed", type=int, default=1)
    for name in ("slow", "full", "other"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    random.seed(options.seed)
    chosen = [run for name, run in (("slow", slow), ("full", full), ("other", other)) if getattr(options, name)]
    for run in chosen:
        run(options)
    if not chosen:
        for mode in MODES:
            rounds(options, mode, options.rounds)


if __name__ == "__main__":
    main()
