"""For the tests of explain: who holds ports in the ways there are, and what a real bind() says."""

import contextlib
import json
import subprocess
import sys

from kit import NOBODY, Netns, check, clean_env, same

PORT = 18080

# Binds and listens on every address, in its own words, and says what came of it.
BINDER = r"""
import errno, json, os, socket, sys
port, proto, uid = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if uid:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
got = {}
for family, address, only in [(socket.AF_INET, "0.0.0.0", None), (socket.AF_INET6, "::", 0), (socket.AF_INET6, "::", 1)] + \
        [(socket.AF_INET6 if ":" in a else socket.AF_INET, a, None) for a in sys.argv[4:]]:
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if only is not None:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    try:
        s.bind((address, port))
        if proto == "tcp":
            s.listen()
        result = "ok"
    except OSError as e:
        result = errno.errorcode[e.errno]
    s.close()
    got[address + ("/only" if only else "")] = result
print(json.dumps(got))
"""

# Makes the sockets that its argument describes, says so, and holds them until stdin ends.
HOLDER = r"""
import socket, sys, time
from socket import *
keep = []
def sock(kind=SOCK_STREAM, family=AF_INET, reuse=0, reuseport=0, v6only=None):
    s = socket(family, kind)
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, reuse)
    s.setsockopt(SOL_SOCKET, SO_REUSEPORT, reuseport)
    if v6only is not None:
        s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, v6only)
    keep.append(s)
    return s
def listen(address, port, **kw):
    s = sock(**kw)
    s.bind((address, port))
    s.listen()
    return s
def pair(address, port, reuse):
    l = listen(address, port, reuse=reuse)
    c = create_connection((address, port))
    a, _ = l.accept()
    return l, c, a
def time_wait(address, port, reuse):
    l, c, a = pair(address, port, reuse)
    a.close()
    while c.recv(1):
        pass
    c.close()
    l.close()
def v6_client(port):
    # an outgoing IPv6 connection whose port the kernel gave it, here from a range of one
    l = listen("::1", 0, family=AF_INET6)
    c = socket(AF_INET6)
    open("/proc/sys/net/ipv4/ip_local_port_range", "w").write(f"{port} {port}")
    c.connect(l.getsockname())
    open("/proc/sys/net/ipv4/ip_local_port_range", "w").write("32768 60999")
    keep.append((l, c, l.accept()[0]))
def client(address, port):
    # an outgoing connection from this very port, without SO_REUSEADDR
    l = listen("127.0.0.9", 0)
    c = sock()
    c.bind((address, port))
    c.connect(l.getsockname())
    keep.append(l.accept()[0])
exec(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def holder(ns, code):
    p = subprocess.Popen(ns.enter + [sys.executable, "-c", HOLDER, code], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, env=clean_env())
    try:
        check(p.stdout.readline() == b"ready\n", f"holder: {code}")
        yield p
    finally:
        p.stdin.close()
        p.wait()


@contextlib.contextmanager
def place():
    with Netns() as ns:
        for words in ("addr add 10.9.8.7/32 dev lo", "addr add fd00:9::7/128 dev lo nodad"):
            ns.run(["ip", *words.split()])
        yield ns


ADDRESSES = ["127.0.0.1", "10.9.8.7", "::1", "fd00:9::7"]


def real(ns, port, proto="tcp", uid=0, more=()):
    r = ns.run([sys.executable, "-c", BINDER, str(port), proto, str(uid), *ADDRESSES, *more])
    same(r.returncode, 0, "binder: " + r.stderr.decode())
    return json.loads(r.stdout)


def explained(ns, port, *args, code, proto="tcp", env=None):
    r = ns.sockeye("explain", f"{port}/{proto}", "--json", *args, env=env or clean_env())
    same(r.returncode, code, f"exit of explain {port}/{proto} {args}: {r.stdout.decode()} {r.stderr.decode()}")
    said = json.loads(r.stdout)
    same(said["schema"], "sockeye/1", "schema")
    return said["explain"][0]


def text(ns, *args, env=None):
    r = ns.sockeye("explain", *map(str, args), env=env or clean_env())
    return r.returncode, r.stdout.decode()


def compare(ns, port, verdict, proto="tcp", uid=0, more=(), args=()):
    """The verdict, and each address, against what an independent process gets."""
    truth = real(ns, port, proto, uid, more)
    code = {"free": 0, "taken": 1, "denied": 1}[verdict]
    e = explained(ns, port, *args, code=code, proto=proto)
    same(e["verdict"], verdict, f"verdict; real: {truth}")
    same(verdict == "free", set(truth.values()) == {"ok"}, f"free or not; real: {truth}")
    same(e["errno"], {"free": None, "taken": "EADDRINUSE", "denied": "EACCES"}[verdict], "errno")
    binds = {b["addr"] + ("/only" if b["v6only"] else ""): b for b in e["binds"]}
    same(sorted(binds), sorted(truth), "addresses")
    for address, result in truth.items():
        same(binds[address]["got"], result, f"try of {address}")
        check(binds[address]["expected"] in (None, result),
              f"judgement of {address}: {binds[address]['expected']}, real {result}")
    same(e["agrees"], True, "agrees")
    return e


def one(e, **wanted):
    found = [h for h in e["holders"] if all(h[k] == v for k, v in wanted.items())]
    same(len(found), 1, f"holders with {wanted} in {e['holders']}")
    return found[0]
