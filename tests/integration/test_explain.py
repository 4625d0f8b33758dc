"""explain: its verdict against a real bind() made by somebody else, for every kind of holder."""

import contextlib
import json
import os
import platform
import re
import subprocess
import sys

from acts import IN_UNIT, Holder, has, has_not, systemctl, unit
from kit import SOCKEYE, Netns, Skip, check, clean_env, same, test

PORT = 18080
NOBODY = 65534

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


@test
def free():
    with place() as ns:
        e = compare(ns, PORT, "free")
        same(e["holders"], [], "holders")
        check(all(b["expected"] == "ok" for b in e["binds"]), "a free port is judged free without a try")
        code, out = text(ns, PORT)
        same(code, 0, "exit")
        check(f"{PORT}/tcp is free: bind() and listen() by root (uid 0) would succeed" in out, out)
        check(f"\n{PORT}/udp is free.\n" in out, out)


@test
def listener_v4():
    with place() as ns, holder(ns, f"listen('0.0.0.0', {PORT}, reuse=1)") as h:
        e = compare(ns, PORT, "taken")
        who = one(e, kind="listening", effect="blocks", laddr="0.0.0.0")
        same(who["pid"], h.pid, "pid")
        same(e["next_free"], PORT + 1, "next free")
        same(e["ways"], [f"sockeye kill tcp :{PORT}"], "ways")
        code, out = text(ns, PORT)
        same(code, 1, "exit")
        check(f"{PORT}/tcp is taken: bind() by root (uid 0) would fail with EADDRINUSE.\n" in out, out)
        check(re.search(rf"^  held by     python3[.\d]* {h.pid}  root  listens on 0\.0\.0\.0  up since", out, re.M), out)
        check("blocks 0.0.0.0, [::] without IPV6_V6ONLY and every IPv4 address" in out, out)
        left = re.search(r"^  still free  \[::\] with IPV6_V6ONLY, (.*)$", out, re.M)
        same(sorted(left.group(1).split(", ")) if left else out, ["[::1]", "[fd00:9::7]"], "still free")
        check(f"  next free   {PORT + 1}\n" in out, out)


@test
def listener_one_address():
    with place() as ns, holder(ns, f"listen('10.9.8.7', {PORT})"):
        e = compare(ns, PORT, "taken")
        same({b["addr"] for b in e["binds"] if b["expected"] == "EADDRINUSE"}, {"0.0.0.0", "::", "10.9.8.7"}, "blocked")


@test
def listener_not_on_an_interface():
    with place() as ns, holder(ns, f"listen('127.0.0.53', {PORT})"):
        compare(ns, PORT, "taken", more=["127.0.0.53"])


@test
def listener_dual():
    with place() as ns, holder(ns, f"listen('::', {PORT}, family=AF_INET6, v6only=0)"):
        e = compare(ns, PORT, "taken")
        check(all(b["expected"] == "EADDRINUSE" for b in e["binds"]), "all is blocked")
        _, out = text(ns, PORT)
        check("listens on *" in out and "blocks 0.0.0.0, [::] and every single address" in out, out)


@test
def listener_v6only():
    with place() as ns, holder(ns, f"listen('::', {PORT}, family=AF_INET6, v6only=1)"):
        compare(ns, PORT, "taken")
        _, out = text(ns, PORT)
        check("listens on [::] (IPv6 only)" in out and "blocks [::] and every IPv6 address" in out, out)


@test
def listener_mapped():
    with place() as ns, holder(ns, f"listen('::ffff:10.9.8.7', {PORT}, family=AF_INET6, v6only=0)"):
        compare(ns, PORT, "taken")


@test
def listener_reuseport():
    code = f"[listen('0.0.0.0', {PORT}, reuseport=1) for _ in range(4)]"
    with place() as ns, holder(ns, code):
        e = compare(ns, PORT, "taken")
        same(one(e, kind="listening")["sockets"], 4, "sockets")
        check("SO_REUSEPORT group" in e["applies"], e["applies"])


@test
def reuseport_of_another_user():
    """The judged bind sets no SO_REUSEPORT; the note about who could join is compared with who really can."""
    code = f"import os; os.setuid({NOBODY}); [listen('0.0.0.0', {PORT}, reuseport=1) for _ in range(2)]"
    join = ("import os, sys; from socket import *; os.setuid(int(sys.argv[1])); s = socket(); "
            f"s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); s.bind(('0.0.0.0', {PORT})); s.listen()")
    with place() as ns, holder(ns, code):
        compare(ns, PORT, "taken")
        compare(ns, PORT, "taken", uid=NOBODY, args=["--as", "nobody"])
        for uid, note in ((0, f"only uid {NOBODY} could join with SO_REUSEPORT"),
                          (NOBODY, f"a socket of uid {NOBODY} that sets SO_REUSEPORT too could join")):
            joined = ns.run([sys.executable, "-c", join, str(uid)]).returncode == 0
            same(joined, uid == NOBODY, f"a join as {uid}")
            check(note in text(ns, PORT, "--as", str(uid))[1], f"{note} in {text(ns, PORT, '--as', str(uid))[1]}")


@test
def both_families_apart():
    code = f"listen('0.0.0.0', {PORT}); listen('::', {PORT}, family=AF_INET6, v6only=1)"
    with place() as ns, holder(ns, code):
        e = compare(ns, PORT, "taken")
        check(all(b["expected"] == "EADDRINUSE" for b in e["binds"]), "all is blocked")
        same(len([h for h in e["holders"] if h["effect"] == "blocks"]), 2, "both block")


@test
def on_a_device():
    """A device that is in no VRF: its listener is in the way of whoever names no device."""
    code = f"s = sock(); s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo'); s.bind(('0.0.0.0', {PORT})); s.listen()"
    with place() as ns, holder(ns, code):
        e = compare(ns, PORT, "taken")
        same([b["expected"] for b in e["binds"] if b["addr"] == "127.0.0.1"], ["EADDRINUSE"], "without a try")
        check("bound device or VRF" in e["applies"], f"{e['applies']}")


@test
def bound_only():
    with place() as ns, holder(ns, f"sock().bind(('127.0.0.1', {PORT}))"):
        e = compare(ns, PORT, "taken")
        who = one(e, effect="blocks")
        check(who["kind"] == "bound", f"{who}")
        same([b["expected"] for b in e["binds"] if b["addr"] == "127.0.0.1"], [None], "the kernel does not say")


@test
def bound_only_with_reuse():
    with place() as ns, holder(ns, f"sock(reuse=1).bind(('127.0.0.1', {PORT}))"):
        e = compare(ns, PORT, "free")
        same(one(e, kind="bound")["effect"], "no-matter", "effect")
        _, out = text(ns, f"{PORT}/tcp")
        check("  no matter   " in out and "does not listen (with SO_REUSEADDR)" in out, out)


@test
def bound_two_of_which_one_reuses():
    code = f"sock(reuse=1).bind(('127.0.0.1', {PORT})); sock().bind(('10.9.8.7', {PORT}))"
    with place() as ns, holder(ns, code):
        e = compare(ns, PORT, "taken")
        same(one(e, laddr="127.0.0.1")["effect"], "no-matter", "of the one that set it")
        same(one(e, laddr="10.9.8.7")["effect"], "blocks", "of the one that did not")


@test
def client_holds_it():
    with place() as ns, holder(ns, f"client('10.9.8.7', {PORT})"):
        e = compare(ns, PORT, "taken")
        same(one(e, kind="connection")["effect"], "blocks", "effect")
        same(e["ways"], [f"sockeye close lport={PORT}"], "ways")


@test
def v6_client_holds_it():
    """Such a socket is in the way of 0.0.0.0, too."""
    with place() as ns, holder(ns, f"v6_client({PORT})"):
        e = compare(ns, PORT, "taken")
        same(one(e, kind="connection")["laddr"], "::1", "address")


@test
def time_wait_with_reuse():
    with place() as ns, holder(ns, f"time_wait('127.0.0.1', {PORT}, 1)"):
        e = compare(ns, PORT, "free")
        who = one(e, kind="time-wait")
        same(who["effect"], "no-matter", "effect")
        check(0 < who["timer_s"] <= 60, f"{who['timer_s']} s left")
        _, out = text(ns, f"{PORT}/tcp")
        check(re.search(r"^  no matter   1 in time-wait for (\d+s|1m) \(with SO_REUSEADDR\)$", out, re.M), out)
        check(re.search(r"^  last held   its last connection ended \d+s ago; by whom, one look cannot tell$", out, re.M), out)


@test
def time_wait_without_reuse():
    with place() as ns, holder(ns, f"time_wait('127.0.0.1', {PORT}, 0)"):
        e = compare(ns, PORT, "taken")
        same(one(e, kind="time-wait")["effect"], "blocks", "effect")
        check(e["ways"][0].startswith("time-wait ends by itself in "), f"{e['ways']}")


@test
def connections_left_over():
    code = f"l, c, a = pair('127.0.0.1', {PORT}, 1); l.close()"
    with place() as ns, holder(ns, code):
        compare(ns, PORT, "free")
    with place() as ns, holder(ns, code.replace(", 1)", ", 0)")):
        compare(ns, PORT, "taken")


@test
def udp_bound():
    with place() as ns, holder(ns, f"sock(SOCK_DGRAM).bind(('0.0.0.0', {PORT}))") as h:
        e = compare(ns, PORT, "taken", proto="udp")
        same(one(e, kind="datagram", effect="blocks")["pid"], h.pid, "pid")
        compare(ns, PORT, "free")
        code, out = text(ns, PORT)
        same(code, 0, "exit: that of TCP")
        check(re.search(rf"^{PORT}/udp is taken by python3[.\d]* {h.pid} \(sockeye explain {PORT}/udp\)\.$", out, re.M), out)


@test
def udp_reuse():
    with place() as ns, holder(ns, f"sock(SOCK_DGRAM, reuse=1).bind(('0.0.0.0', {PORT}))"):
        e = compare(ns, PORT, "free", proto="udp")
        same(one(e, kind="datagram")["effect"], "no-matter", "effect")
        _, out = text(ns, f"{PORT}/udp")
        check(f"{PORT}/udp can be shared: bind() with SO_REUSEADDR by root" in out and "shared with python3" in out, out)


@test
def udp_connected():
    code = f"s = sock(SOCK_DGRAM); s.bind(('127.0.0.1', {PORT})); s.connect(('127.0.0.1', 9))"
    with place() as ns, holder(ns, code):
        compare(ns, PORT, "taken", proto="udp")


@test
def link_local():
    with place() as ns:
        ns.run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"])
        for words in ("link set v0 up", "link set v1 up", "addr add fe80::77/64 dev v0 nodad"):
            if ns.run(["ip", *words.split()]).returncode:
                return
        code = f"s = sock(family=AF_INET6); s.bind(('fe80::77', {PORT}, 0, if_nametoindex('v0'))); s.listen()"
        with holder(ns, "from socket import if_nametoindex\n" + code):
            e = explained(ns, PORT, code=1)
            same(e["agrees"], True, "agrees")
            got = {b["addr"]: b["got"] for b in e["binds"] if not b["v6only"]}
            same(got["fe80::77"], "EADDRINUSE", "the address itself")
            same(got["127.0.0.1"], "ok", "another")
            check("bound device or VRF" in e["applies"], f"{e['applies']}")


@test
def privileged():
    with place() as ns:
        e = compare(ns, 81, "denied", uid=NOBODY, args=["--as", str(NOBODY)])
        same(e["uid"], NOBODY, "uid")
        compare(ns, 81, "free")
        code, out = text(ns, 81, "--as", "nobody")
        same(code, 1, "exit")
        check(out.startswith("81/tcp is not taken, but bind() by nobody (uid 65534) would fail with EACCES:\n"
                             "  below 1024 it needs CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start)\n"
                             "  ways        "), out)
        check("udp" not in out, "the same is not said twice")
        ns.run(["sh", "-c", "echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start"])
        compare(ns, 81, "free", uid=NOBODY, args=["--as", "nobody"])


@test
def privileged_with_the_capability():
    """An ordinary user with CAP_NET_BIND_SERVICE may; what he judges for himself is what he gets."""
    cap = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--inh-caps",
           "+net_bind_service", "--ambient-caps", "+net_bind_service"]
    with place() as ns:
        for words, code, verdict in ((cap, 0, "free"), (cap[:6], 1, "denied")):
            real_bind = ns.run([*words, sys.executable, "-c", BINDER, "81", "tcp", "0", *ADDRESSES])
            same(set(json.loads(real_bind.stdout).values()) == {"ok"}, verdict == "free", f"real: {real_bind.stdout}")
            r = ns.run([*words, SOCKEYE, "explain", "81/tcp", "--json"])
            e = json.loads(r.stdout)["explain"][0]
            same((r.returncode, e["verdict"], e["agrees"]), (code, verdict, True), f"with {words[6:]}: {r.stderr}")


@test
def privileged_and_taken():
    with place() as ns, holder(ns, "listen('0.0.0.0', 81)"):
        e = compare(ns, 81, "denied", uid=NOBODY, args=["--as", "nobody"])
        same(one(e, kind="listening")["effect"], "blocks", "effect")
        _, out = text(ns, 81, "--as", "nobody")
        check("81/tcp is taken, and even if it were not, bind() by nobody" in out, out)


@test
def reserved():
    with place() as ns:
        ns.run(["sh", "-c", f"echo {PORT},{PORT + 2}-{PORT + 4} >/proc/sys/net/ipv4/ip_local_reserved_ports"])
        e = compare(ns, PORT, "free")
        check("reserved" in e["applies"], f"{e['applies']}")
        same(ns.sockeye("explain", "--free", "--from", str(PORT)).stdout, f"{PORT + 1}\n".encode(), "--free")
        same(ns.sockeye("explain", "--free", "--from", str(PORT + 2)).stdout, f"{PORT + 5}\n".encode(), "--free")


@test
def ephemeral():
    with place() as ns:
        e = compare(ns, 40000, "free")
        check("ephemeral" in e["applies"], f"{e['applies']}")
        ns.run(["sh", "-c", "echo 50000 60000 >/proc/sys/net/ipv4/ip_local_port_range"])
        e = compare(ns, 40000, "free")
        check("ephemeral" in e["checked"] and "ephemeral" not in e["applies"], f"{e['applies']}")


@test
def another_user_without_being_root():
    with place() as ns, holder(ns, f"listen('0.0.0.0', {PORT})"):
        argv = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", SOCKEYE,
                "explain"]
        r = ns.run([*argv, f"{PORT}/tcp", "--json", "--as", "root"])
        e = json.loads(r.stdout)["explain"][0]
        same((r.returncode, e["verdict"], e["agrees"]), (1, "taken", None), "what is certain is said without a try")
        check("only root can try" in e["not_tried"], e["not_tried"])
        r = ns.run([*argv, f"{PORT}/tcp"])
        same(r.returncode, 1, "exit as oneself")
        check(b"sudo sockeye explain" in r.stdout, r.stdout.decode())
    with place() as ns, holder(ns, f"sock().bind(('127.0.0.1', {PORT}))"):
        r = ns.run([*argv, f"{PORT}/tcp", "--as", "root"])
        same(r.returncode, 3, f"exit when only a try could tell: {r.stdout}")


@test
def root_is_not_told_to_be_root():
    """Whose it is root cannot see either when /proc hides it: then sudo would be no help."""
    hide = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc/$1 && shift && exec "$@"', "sh"]
    with place() as ns, holder(ns, f"listen('0.0.0.0', {PORT})") as h:
        r = ns.run([*hide, str(h.pid), SOCKEYE, "explain", f"{PORT}/tcp"])
        out = r.stdout.decode()
        same(r.returncode, 1, f"exit: {out} {r.stderr.decode()}")
        has_not(out, "sudo")


@test
def comes_back():
    """What systemd says about the unit stands beside the way to stop it."""
    name = f"skx{os.getpid()}.service"
    with place() as ns, unit(name) as path, Holder(ns, IN_UNIT.format(path=path)):
        for said, words in (
            (f"echo Id={name}; echo Restart=always; echo RestartUSec=5s; echo MainPID=0", "(after sockeye kill: 5s, then back)"),
            (f"echo Id={name}; echo Restart=no; echo RestartUSec=100ms; echo MainPID=0", "(or sockeye kill: Restart=no)"),
            (f"echo Id={name}; echo Restart=no; echo TriggeredBy=skx.socket",
             "skx.socket   (else skx.socket starts it again)"),
            ("exit 1", "(after sockeye kill it may be started again)"),
        ):
            with systemctl(path, said) as (program, log):
                r = ns.run([*program, "explain", "8080/tcp"])
                has(r.stdout.decode(), f"to free it  systemctl stop {name}", words)
                has(log(), "--no-ask-password show", name)
        # Nothing is asked about a port that nobody holds.
        with systemctl(path, "true") as (program, log):
            same(ns.run([*program, "explain", f"{PORT}/tcp"]).returncode, 0, "exit")
            same(log(), "", "asked")


@test
def under_sudo_it_is_who_called():
    with place() as ns:
        env = clean_env(SUDO_UID="1234", SUDO_GID="1234", SUDO_USER="de\033ploy")
        code, out = text(ns, 81, env=env)
        same(code, 1, "exit")
        check("bind() by de\\eploy (uid 1234) would fail with EACCES" in out, out)


# Runs its arguments where bind() to an IP address is refused by seccomp.
SECCOMP = r"""
import ctypes, os, platform, struct, sys
bind = {"x86_64": 49, "aarch64": 200}[platform.machine()]
def op(code, k, jt=0, jf=0):
    return struct.pack("HBBI", code, jt, jf, k)
LD, JEQ, RET = 0x20, 0x15, 0x06
program = (op(LD, 0) + op(JEQ, bind, 0, 3) + op(LD, 32) +  # the length of the address: 16 IPv4, 28 IPv6
           op(JEQ, 16, 2) + op(JEQ, 28, 1) + op(RET, 0x7fff0000) + op(RET, 0x00050000 | ERRNO))
buf = ctypes.create_string_buffer(program, len(program))
prog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buf))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, prog, 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


def refused_by_seccomp(ns, errno, *args):
    if platform.machine() not in ("x86_64", "aarch64"):
        raise Skip("needs the number of bind()")
    r = ns.run([sys.executable, "-c", SECCOMP.replace("ERRNO", str(errno)), SOCKEYE, "explain", *args])
    if r.returncode == 77:
        raise Skip("no seccomp")
    return r


@test
def what_cannot_be_seen():
    """A contradiction: bind() is refused by something that is not in the socket tables."""
    with place() as ns:
        for errno, name in ((1, "EPERM"), (98, "EADDRINUSE"), (13, "EACCES")):
            r = refused_by_seccomp(ns, errno, f"{PORT}/tcp")
            out = r.stdout.decode()
            same(r.returncode, 3, f"exit with {name}: {out} {r.stderr.decode()}")
            same(out.splitlines()[:2],
                 [f"{PORT}/tcp: cannot tell: bind() by root (uid 0) to 0.0.0.0 fails with {name}, though nothing is in the way:",
                  "  something sockeye cannot see (LSM, seccomp, cgroup-BPF, …)"], "words")
            check(" agrees" not in out, out)
        e = json.loads(refused_by_seccomp(ns, 1, f"{PORT}/tcp", "--json").stdout)["explain"][0]
        same((e["verdict"], e["errno"], e["agrees"]), ("unknown", None, False), "in JSON")
        r = refused_by_seccomp(ns, 1, "--free")
        same((r.returncode, r.stdout), (1, b""), "--free offers no port that cannot be bound")
    with place() as ns, holder(ns, f"listen('0.0.0.0', {PORT})"):
        r = refused_by_seccomp(ns, 1, f"{PORT}/tcp")
        same(r.returncode, 3, f"exit where a listener is and the error is another one: {r.stdout}")


# Runs its arguments in a control group where a BPF program refuses bind() to PORT, and to no other.
CGROUP_BPF = r"""
import ctypes, os, platform, socket, struct, sys
bpf = {"x86_64": 321, "aarch64": 280}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)
def call(command, attr):
    r = libc.syscall(bpf, command, ctypes.create_string_buffer(attr, len(attr)), len(attr))
    if r < 0:
        sys.exit(77)
    return r
def op(code, registers, offset, imm):
    return struct.pack("BBhi", code, registers, offset, imm)
program = (op(0x61, 0x12, 24, 0) + op(0xb7, 0, 0, 1) +  # bpf_sock_addr.user_port; 1 is yes
           op(0x55, 2, 1, socket.htons(PORT)) + op(0xb7, 0, 0, 0) + op(0x95, 0, 0, 0))
code, licence = ctypes.create_string_buffer(program, len(program)), ctypes.create_string_buffer(b"GPL")
group = os.open(sys.argv[1], os.O_RDONLY)
for attach_type in (8, 9):  # BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND
    fd = call(5, struct.pack("IIQQIIQII16sII", 18, len(program) // 8, ctypes.addressof(code),
                             ctypes.addressof(licence), 0, 0, 0, 0, 0, b"", 0, attach_type))
    call(8, struct.pack("IIII", group, fd, attach_type, 0))
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@test
def refused_by_a_control_group():
    """As above, by what administrators really use; the neighbouring port shows that it is no wall around everything."""
    if platform.machine() not in ("x86_64", "aarch64"):
        raise Skip("needs the number of bpf()")

    def inside(*args):
        r = ns.run([sys.executable, "-c", CGROUP_BPF.replace("PORT", str(PORT)), path, *args])
        if r.returncode == 77:
            raise Skip("no BPF programs for control groups")
        return r

    with place() as ns, unit("sockeye-bind.service") as path:
        truth = json.loads(inside(sys.executable, "-c", BINDER, str(PORT), "tcp", "0", *ADDRESSES).stdout)
        same(set(truth.values()), {"EPERM"}, "a real bind()")
        r = inside(SOCKEYE, "explain", f"{PORT}/tcp")
        same(r.returncode, 3, f"exit: {r.stdout.decode()} {r.stderr.decode()}")
        same(r.stdout.decode().splitlines()[:2],
             [f"{PORT}/tcp: cannot tell: bind() by root (uid 0) to 0.0.0.0 fails with EPERM, though nothing is in the way:",
              "  something sockeye cannot see (LSM, seccomp, cgroup-BPF, …)"], "words")
        e = json.loads(inside(SOCKEYE, "explain", f"{PORT}/udp", "--json").stdout)["explain"][0]
        same((e["verdict"], e["agrees"]), ("unknown", False), "UDP, in JSON")
        same(inside(SOCKEYE, "explain", f"{PORT + 1}/tcp").returncode, 0, "the next port")
        same(explained(ns, PORT, code=0)["verdict"], "free", "outside of the group")


@test
def another_namespace():
    with place() as ns, place() as other, holder(ns, f"listen('0.0.0.0', {PORT})") as h:
        explained(other, PORT, code=0)
        e = explained(other, PORT, "-N", str(h.pid), code=1)
        same((e["agrees"], one(e, kind="listening")["pid"]), (True, h.pid), "looked at and tried there")
        r = other.sockeye("explain", str(PORT), "-N", "all")
        same((r.returncode, r.stderr), (2, b"sockeye: -N: explain is about one namespace, not all\n"), "all")


@test
def usage():
    with place() as ns:
        for words, expected in [
            ([], "sockeye: explain needs a port, e.g. sockeye explain 8080\n"),
            (["80x"], 'sockeye: explain: "80x" is no port; expected 1 to 65535 or a service\'s name'),
            (["65536"], 'sockeye: explain: "65536" is no port'),
            (["0"], "sockeye: explain: port 0 means any free port"),
            (["80/sctp"], 'sockeye: explain: "sctp" is no protocol it knows; expected tcp or udp'),
            (["80", "81"], 'sockeye: explain takes one port, not "80 81"'),
            (["80", "--as", "no\033body"], 'sockeye: --as: no user "no\\ebody"'),
            (["--free", "--from", "0"], 'sockeye: --from: "0" is no port'),
            (["80", "--from", "80"], "sockeye: --from belongs to --free"),
        ]:
            r = ns.sockeye("explain", *words)
            same(r.returncode, 2, f"exit of {words}")
            check(r.stderr.decode().startswith(expected), f"{words}: {r.stderr.decode()}")
            same(r.stdout, b"", f"stdout of {words}")
        same(text(ns, "ssh/tcp")[1][:7], "22/tcp ", "a service's name")


@test
def hostile_names():
    code = "open('/proc/self/comm', 'wb').write(b'a)\\x1b[31m\\n\\xff)'); " + f"listen('0.0.0.0', {PORT})"
    with place() as ns, holder(ns, code):
        _, out = text(ns, f"{PORT}/tcp")
        check("\033" not in out and "a)\\e[31m\\n\\xFF)" in out, repr(out))
        explained(ns, PORT, code=1)
