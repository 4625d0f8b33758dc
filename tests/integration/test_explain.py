"""explain: its verdict against a real bind() made by somebody else, for every kind of holder."""

import json
import os
import re
import sys

from acts import IN_UNIT, Holder, has, has_not, systemctl, unit
from binds import ADDRESSES, BINDER, NOBODY, PORT, compare, explained, holder, one, place, real, text
from kit import SOCKEYE, check, clean_env, same, test


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
