"""wait: what comes, what goes, and what is said when it does not."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time

from kit import NOBODY, PATIENCE, SOCKEYE, Netns, check, clean_env, same, scene, test, until

PORT = 18090

# Obeys lines of Python until stdin ends, and answers each.
HOLDER = r"""
import sys
from socket import *
names = {}
print("ready", flush=True)
for line in sys.stdin:
    exec(line, globals())
    print("done", flush=True)
"""


class Holder:
    def __init__(self, ns):
        self.p = subprocess.Popen(ns.enter + [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, env=clean_env())
        same(self.p.stdout.readline(), b"ready\n", "holder")
        self.pid = self.p.pid

    def do(self, *lines):
        for line in lines:
            self.p.stdin.write(line.encode() + b"\n")
            self.p.stdin.flush()
            same(self.p.stdout.readline(), b"done\n", line)

    def close(self):
        self.p.stdin.close()
        self.p.wait(PATIENCE)


@contextlib.contextmanager
def place():
    with Netns() as ns:
        h = Holder(ns)
        try:
            yield ns, h
        finally:
            h.close()


class Waiting:
    """A running `sockeye wait`, known to have looked at least once."""

    def __init__(self, ns, *args, before=()):
        self.p = subprocess.Popen([*ns.enter, *before, SOCKEYE, "wait", "-v", *args], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_env())
        self.rhythm = self.p.stderr.readline().decode()
        check("looks every " in self.rhythm, self.rhythm)

    def end(self):
        out, err = self.p.communicate(timeout=PATIENCE)
        same(out, b"", "stdout")
        return self.p.returncode, err.decode()

    def still(self):
        time.sleep(0.15)
        same(self.p.poll(), None, "goes on waiting")
        return self


def now(ns, *args):
    """A wait that looks once."""
    r = ns.sockeye("wait", "--timeout", "0", *args)
    same(r.stdout, b"", "stdout")
    return r.returncode, r.stderr.decode()


LISTEN = f"s = socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.bind(('127.0.0.1', {PORT})); s.listen()"
BIND = f"s = socket(); s.bind(('127.0.0.1', {PORT}))"


@test
def a_listener_comes():
    with place() as (ns, h):
        w = Waiting(ns, f":{PORT}").still()
        m = re.fullmatch(r"sockeye: looks every ([\d.]+) ms; a look costs ([\d.]+) ms\n", w.rhythm)
        check(m and abs(float(m[1]) - min(max(20, 100 * float(m[2])), 45)) < 0.2, f"not one part in 100: {w.rhythm}")
        h.do(BIND)
        w.still()
        h.do("s.listen()")
        code, err = w.end()
        same(code, 0, "exit")
        check(re.search(r"^sockeye: after [\d.]+ s and \d+ looks: it matches\n$", err), err)
        same(now(ns, f":{PORT}"), (0, ""), "it is there already")


@test
def udp_counts_when_bound():
    with place() as (ns, h):
        w = Waiting(ns, f"udp :{PORT}").still()
        h.do(f"s = socket(AF_INET, SOCK_DGRAM); s.bind(('127.0.0.1', {PORT}))")
        same(w.end()[0], 0, "exit")
        same(now(ns, f"tcp :{PORT}")[0], 1, "TCP is not there")


@test
def gone():
    with place() as (ns, h):
        same(now(ns, "--gone", f":{PORT}"), (0, ""), "what is not there is gone")
        h.do(LISTEN)
        code, err = now(ns, "--gone", f":{PORT}")
        same(code, 1, "exit")
        check(re.fullmatch(rf"sockeye: timed out after 0 s: python3\S* {h.pid} still listens on {PORT}\n", err), err)
        w = Waiting(ns, "--gone", f":{PORT}").still()
        h.do("s.close()")
        code, err = w.end()
        same(code, 0, "exit")
        check("nothing matches any more" in err, err)


@test
def gone_names_what_matches():
    """The listener has nothing to do with a filter that names connections."""
    with scene("pair,port=8080") as (ns, _):
        code, err = now(ns, "--gone", "state=established")
        same(code, 1, "exit")
        check(re.fullmatch(r"sockeye: timed out after 0 s: \S+ \d+ still has a connection \(established\) at \d+\n", err), err)


@test
def gone_means_bound_too():
    with place() as (ns, h):
        h.do(BIND)
        if not ns.rows("ports", f":{PORT}"):
            return  # a kernel that does not tell
        same(now(ns, "--gone", f":{PORT}")[0], 1, "a bound socket still has the port")
        w = Waiting(ns, "--gone", f":{PORT}").still()
        h.do("s.close()")
        same(w.end()[0], 0, "exit")
        # A listener that stops listening keeps the port; so does another one that was only bound.
        h.do(LISTEN)
        w = Waiting(ns, "--gone", f":{PORT}").still()
        h.do("s.shutdown(SHUT_RD)")
        w.still()
        h.do("s.close()")
        same(w.end()[0], 0, "exit, after it was only bound")


@test
def gone_when_the_last_has_gone():
    """Several at one address, of which the kernel answers for one alone; other addresses; other families; UDP."""
    share = "setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)"
    with place() as (ns, h):
        h.do("v = []",
             f"for a in ['127.0.0.1'] * 4 + ['127.0.0.2']: v.append(socket()); v[-1].{share}; "
             f"v[-1].bind((a, {PORT})); v[-1].listen()",
             f"v.append(socket(AF_INET6)); v[-1].bind(('::1', {PORT})); v[-1].listen()",
             f"v.append(socket(AF_INET, SOCK_DGRAM)); v[-1].bind(('127.0.0.1', {PORT}))")
        w = Waiting(ns, "--gone", f":{PORT}").still()
        for left in range(7, 0, -1):
            same(w.p.poll(), None, f"goes on waiting for {left}")
            h.do("v.pop(len(v) // 2).close()")
            if left > 1:
                w.still()
        same(w.end()[0], 0, "exit")


@test
def gone_but_taken_again():
    """Whoever follows at once has the port: it was not to be had."""
    with place() as (ns, h):
        h.do(LISTEN)
        w = Waiting(ns, "--gone", f":{PORT}").still()
        h.do(f"t = socket(); t.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.close(); t.bind(('127.0.0.1', {PORT})); t.listen()")
        w.still()
        h.do("t.close()")
        same(w.end()[0], 0, "exit")


@test
def what_a_look_costs_sets_the_pace():
    with place() as (ns, h):
        h.do(LISTEN)
        for least, share, args in [(20, 100, [":1"]), (20, 100, ["process=nobody-has-this-name", ":1"]),
                                   (5, 100, ["--gone", f":{PORT}"]), (20, 50, ["state=bound", ":1"]),
                                   (20, 50, ["process=nobody-has-this-name", "state=established"]),
                                   (20, 50, ["conns>5", f":{PORT}"]), (20, 50, ["lport=1", "state=established"])]:
            w = Waiting(ns, *args)
            m = re.match(r"sockeye: looks every ([\d.]+) ms; a look costs ([\d.]+) ms", w.rhythm)
            check(float(m[2]) > 0, f"{args} costs nothing: {w.rhythm}")
            expected = max(least, share * float(m[2]))
            if share == 100:  # soon enough goes before cheap enough
                expected = min(expected, 10 if least == 5 else 45)
            check(abs(float(m[1]) - expected) <= share / 1000 + .01, f"{args}: {w.rhythm}")
            w.p.send_signal(signal.SIGINT)
            same(w.end()[0], 130, "^C")


@test
def timing_out_says_what_is_there():
    with place() as (ns, h):
        code, err = now(ns, f":{PORT}")
        same((code, err), (1, f"sockeye: timed out after 0 s: no socket matches :{PORT}\n"), "nothing")
        h.do(BIND)
        if ns.rows("ports", f":{PORT}"):
            code, err = now(ns, f":{PORT}")
            same(code, 1, "exit")
            check(re.fullmatch(rf"sockeye: timed out after 0 s: python3\S* {h.pid} bound {PORT}, but does not listen\n", err), err)
        h.do("s.listen()", f"c = create_connection(('127.0.0.1', {PORT}))", "a, _ = s.accept()")
        code, err = now(ns, f":{PORT} process=nobody-has-this-name")
        same(code, 1, "exit")
        check(re.search(rf": python3\S* {h.pid} listens on {PORT}, but is not what was waited for$", err), err)
        code, err = now(ns, f"lport={PORT} state=time-wait")
        same(code, 1, "exit")
        check(re.search(rf": python3\S* {h.pid} listens on {PORT}, which is not time-wait$", err), err)
        h.do("s.close()")
        code, err = now(ns, f"lport={PORT}")
        check(re.search(rf": python3\S* {h.pid} has a connection \(established\) at {PORT}, but nobody listens$", err), err)
        r = ns.sockeye("wait", f":{PORT}", "--timeout", "50ms")
        check(r.stderr.startswith(b"sockeye: timed out after 0.05 s: "), r.stderr.decode())


@test
def other_states():
    with place() as (ns, h):
        h.do(LISTEN)
        w = Waiting(ns, f"lport={PORT}", "state=established").still()
        h.do(f"c = create_connection(('127.0.0.1', {PORT}))")
        same(w.end()[0], 0, "exit")
        w = Waiting(ns, "--gone", f"rport={PORT}", "state=connected").still()
        h.do("s.accept()[0].close()", "c.recv(1)", "c.close()", "s.close()")
        w.p.kill()
        w.end()


@test
def owners():
    with place() as (ns, h):
        name = f"pid={h.pid}"
        w = Waiting(ns, f":{PORT} {name}").still()
        other = Holder(ns)
        try:
            other.do(LISTEN)
            w.still()  # that port, but not that process
        finally:
            other.close()
        h.do(LISTEN)
        code, err = w.end()
        same(code, 0, "exit")
        check(re.search(rf": python3\S* {h.pid} listens on {PORT}$", err.strip()), err)
        w = Waiting(ns, "--gone", name).still()
        h.do("s.close()")
        same(w.end()[0], 0, "exit of --gone")
        same(now(ns, "process=nobody-has-this-name")[0], 1, "no such process")


@test
def an_owner_changes():
    """The same socket, passed to another process: nothing in the socket tables tells."""
    with place() as (ns, h):
        h.do(LISTEN)
        w = Waiting(ns, f":{PORT} process=heir").still()
        h.do("import os, time",
             "p = os.fork() or (open('/proc/self/comm', 'w').write('heir'), time.sleep(60), os._exit(0))",
             "s.close()")
        code, _ = w.end()
        h.do("os.kill(p, 9)", "os.waitpid(p, 0)")
        same(code, 0, "exit")


@test
def a_users_name():
    with scene(f"listen,port={PORT},uid={NOBODY}") as (ns, _):
        same(now(ns, f":{PORT} user=nobody"), (0, ""), "by name")
        same(now(ns, f":{PORT} user=root")[0], 1, "another")


@test
def numbers_of_rows():
    with place() as (ns, h):
        h.do(LISTEN)
        w = Waiting(ns, f":{PORT} conns>1").still()
        h.do(f"c = create_connection(('127.0.0.1', {PORT}))")
        w.still()
        h.do(f"d = create_connection(('127.0.0.1', {PORT}))")
        same(w.end()[0], 0, "exit")


@test
def unprivileged():
    with place() as (ns, h):
        w = Waiting(ns, f":{PORT}", before=["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"])
        w.still()
        h.do(LISTEN)
        same(w.end()[0], 0, "exit")


@test
def own_namespace_only():
    with place() as (ns, h), Netns() as other:
        h.do(LISTEN)
        same(now(other, f":{PORT}")[0], 1, "in another namespace")
        same(now(ns, f":{PORT}")[0], 0, "in its own")


@test
def another_namespace():
    with place() as (ns, h), Netns() as other:
        same(now(other, "-N", str(h.pid), f":{PORT}")[0], 1, "not yet there")
        w = Waiting(other, "-N", str(h.pid), f":{PORT}").still()
        h.do(LISTEN)
        same(w.end()[0], 0, "exit")


@test
def interrupted():
    with place() as (ns, _):
        w = Waiting(ns, f":{PORT}")
        w.p.send_signal(signal.SIGINT)
        same(w.end(), (130, ""), "^C")
        w = Waiting(ns, f":{PORT}")
        w.p.send_signal(signal.SIGTERM)
        same(w.end()[0], -signal.SIGTERM, "TERM")


@test
def usage():
    with Netns() as ns:
        for words, expected in [
            ([], "sockeye: wait needs a filter that says for what, e.g. sockeye wait :8080\n"),
            (["--gone"], "sockeye: wait needs a filter"),
            ([":1", "--timeout", "30x"], 'sockeye: --timeout: "30x" is no duration; expected 30, 500ms, 30s or 5m\n'),
            ([":8080", ":9090"], "sockeye: no socket has both ports 8080 and 9090; either: sockeye wait :8080,9090\n"),
            (["proces=x"], 'sockeye: filter: no field "proces"; did you mean process?\n'),
            ([":1", "--as", "x"], "sockeye: --as belongs to explain"),
        ]:
            r = ns.sockeye("wait", *words)
            same(r.returncode, 2, f"exit of {words}")
            check(r.stderr.decode().startswith(expected), f"{words}: {r.stderr.decode()}")
        # Not even a word that is nearly a command.
        r = ns.sockeye("list", "wait")
        same(r.returncode, 1, "wait as a filter of list")


@test
def storm():
    """Listeners that come and go while it waits for another one."""
    with place() as (ns, h):
        stop = threading.Event()
        noise = Holder(ns)

        def run():
            while not stop.is_set():
                noise.do("l = [socket() for _ in range(50)]", "[x.listen() for x in l]", "[x.close() for x in l]")

        t = threading.Thread(target=run)
        t.start()
        try:
            w = Waiting(ns, f":{PORT} pid={h.pid}").still()
            h.do(LISTEN)
            same(w.end()[0], 0, "exit")
        finally:
            stop.set()
            t.join()
            noise.close()


@test
def stopped_holds_no_namespace():
    """Stopped by ^Z nobody could let go of a namespace that ends: none is held, and afterwards it looks there again."""
    with place() as (ns, h), Netns() as elsewhere:
        def sockets():
            links = []
            for fd in os.listdir(f"/proc/{w.pid}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    links.append(os.readlink(f"/proc/{w.pid}/fd/{fd}"))
            return sum(link.startswith("socket:") for link in links)

        # In a group of its own, with a parent outside of it: else the kernel declines to stop it.
        w = subprocess.Popen([*elsewhere.enter, SOCKEYE, "wait", "-N", str(h.pid), f":{PORT}"],
                             stdin=subprocess.DEVNULL, env=clean_env(), preexec_fn=os.setpgrp)
        try:
            until(lambda: sockets() > 1, "it looks into the other namespace")
            os.kill(w.pid, signal.SIGTSTP)
            until(lambda: open(f"/proc/{w.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T", "it stops")
            same(sockets(), 1, "sockets while it is stopped, its own namespace's")
            h.do(f"a = socket(); a.bind(('127.0.0.1', {PORT})); a.listen()")
            check(w.poll() is None, "it ended though stopped")
            os.kill(w.pid, signal.SIGCONT)
            same(w.wait(PATIENCE), 0, "exit code after the listener came")
        finally:
            if w.poll() is None:
                w.kill()
                w.wait()
