"""Who holds a socket, in every way there is to hold one, and the reason when nobody is known to."""

from acts import Bystanders
from kit import *

# Of this run alone: another one may go on beside it.
HEX = f"{os.getpid():012x}" + "0123456789abcdef" * 3 + "0123"
CONTAINER = "docker:" + HEX[:12]
SERVICE = f"sockeye-test-{os.getpid()}.service"
INNER = f"198.18.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"


def sockets(ns, *args):
    return {r["lport"]: r for r in ns.rows("sockets", "-a", *args) if r["state"] in ("listening", "unconn")
            and r["family"] in ("ipv4", "ipv6")}


def present(row):
    return sorted((o["pid"], o["fd"]) for o in row["owners"] if not o["former"])


def owned_by(row, pid, fd):
    same(row["owner_reason"], None, f"reason of {row['lport']}")
    same(present(row), [(pid, fd)], f"owners of {row['lport']}")
    same((row["pid"], row["process"]), (pid, "factory"), f"owner of {row['lport']}")


@contextlib.contextmanager
def group(path):
    """A control group of version 2, or a skip. Gives its directory."""
    need_root()
    mount = next((line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line), None)
    if not mount:
        raise Skip("no cgroup2 here")
    made, at = [], mount
    try:
        for name in path.strip("/").split("/"):
            at = os.path.join(at, name)
            if not os.path.isdir(at):
                try:
                    os.mkdir(at)
                except OSError as e:
                    raise Skip(f"no control group can be made: {e}")
                made.append(at)
        yield at
    finally:
        def gone(directory):
            try:
                os.rmdir(directory)
            except OSError:
                return False
            return True

        for directory in reversed(made):
            until(lambda: gone(directory), f"{directory} is removed")


@contextlib.contextmanager
def program_in_group(ns, directory, argv, **kw):
    """A command whose every process is in that group."""
    script = f"echo $$ > {directory}/cgroup.procs && exec \"$@\""
    p = subprocess.Popen([*ns.enter, "sh", "-c", script, "sh", *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         env=clean_env(), **kw)
    try:
        yield p
    finally:
        p.stdin.close()
        p.kill()
        p.wait()
        p.stdout.close()


@test
def thread_with_a_table_of_its_own():
    with scene("thread-table,port=7001") as (ns, factory):
        made = factory.one(lport=7001)
        owned_by(sockets(ns)[7001], made["pid"], made["fd"])


@test
def leader_has_ended():
    with scene("leader-exit,port=7002") as (ns, factory):
        made = factory.one(lport=7002)
        owned_by(sockets(ns)[7002], made["pid"], made["fd"])


@test
def registered_with_io_uring():
    with Netns() as ns:
        try:
            factory = ns.factory("uring-file,port=7003")
        except Failure as e:
            raise Skip(str(e))
        with factory:
            owned_by(sockets(ns)[7003], factory.one(lport=7003)["pid"], None)


@test
def a_registered_file_proves_its_holder():
    """What is held by an io_uring alone can be acted upon: the ring is asked again before the signal."""
    with Netns() as ns, Bystanders(ns) as bystanders:
        try:
            factory = ns.factory("uring-file,port=7003", "listen,port=7005,child=1")
        except Failure as e:
            raise Skip(str(e))
        with factory:
            pid, other = (factory.one(lport=p)["pid"] for p in (7003, 7005))
            with dashboard(ns) as screen:
                screen.shows(rf"7003 .*factory +{pid}")
                screen.keys("Down", "Up", "K")
                screen.shows(rf"Enter: send TERM to factory {pid}")
                screen.keys("Escape")
            r = ns.sockeye("kill", "--yes", ":7003")
            same(r.returncode, 0, f"exit code ({r.stdout!r} {r.stderr!r})")
            check(f"factory {pid} ended".encode() in r.stdout, r.stdout.decode())
            check(not alive(pid) and alive(other), "the right one has ended")
            bystanders.check()


@test
def a_registered_connection_can_be_closed():
    with Netns() as ns:
        try:
            factory = ns.factory("uring-pair,port=7003", f"uring-pair,port=7004,uid={NOBODY}")
        except Failure as e:
            raise Skip(str(e))
        with factory, tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
            end = f"lport=7003 rport={factory.one(rport=7003)['lport']}"
            r = ns.sockeye("close", "--yes", end)
            same(r.returncode, 0, f"exit code ({r.stdout!r} {r.stderr!r})")
            same(ns.rows("connections", "port=7003", "state=established"), [], "what is left of it")
            # its own user has no descriptor to shut it down by, and not the right to do without
            need("setpriv")
            os.chmod(place, 0o755)
            program = shutil.copy(SOCKEYE, place)
            r = ns.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program, "close", "--yes",
                        f"lport=7004 rport={factory.one(rport=7004)['lport']}"])
            same(r.returncode, 3, f"exit code ({r.stdout!r} {r.stderr!r})")
            pid = factory.one(rport=7004)["pid"]
            check(f"because factory {pid} holds it by an io_uring alone" in (r.stdout + r.stderr).decode(),
                  f"said: {r.stdout!r} {r.stderr!r}")
            same(len(ns.rows("connections", "port=7004", "state=established")), 2, "what is left")


@test
def sent_and_not_received():
    with scene("in-flight,port=7004", "listen,port=7005") as (ns, factory):
        row = sockets(ns)[7004]
        same((row["owner_reason"], row["pid"], row["owners"]), ("no-fd", None, []), "what is under way")


@test
def the_kernels_own():
    with scene("listen,port=7005") as (ns, _):
        r = ns.run(["sh", "-c", "ip link add vx0 type vxlan id 5 dstport 4789 local 127.0.0.1 && ip link set vx0 up"])
        if r.returncode:
            raise Skip(r.stderr.decode(errors="replace").strip())
        # while another test has a descriptor under way, nobody can tell whether it is this
        until(lambda: sockets(ns)[4789]["owner_reason"] != "no-fd", "the kernel's")
        row = sockets(ns)[4789]
        same((row["owner_reason"], row["pid"], row["process"]), ("kernel", None, None), "vxlan's socket")
        check(row["inode"], "it has an inode")
        with dashboard(ns) as screen:
            screen.shows(r"4789 udp +\S+ +‹kernel›")


@test
def forks_and_dups():
    with scene("forked,port=7006,n=3", "dup,port=7007,n=2") as (ns, factory):
        rows = sockets(ns)
        for port, n in ((7006, 4), (7007, 3)):
            made = sorted((s["pid"], s["fd"]) for s in factory.of(lport=port))
            same(len(made), n, f"descriptors of {port}")
            same(present(rows[port]), made, f"owners of {port}")


@test
def ten_thousand_listeners():
    with scene("listeners,n=10000") as (ns, factory):
        rows = sockets(ns, "lport!=0")
        same(len(rows), 10000, "listeners")
        pid = factory.sockets[0]["pid"]
        made = {s["lport"]: (s["pid"], s["fd"]) for s in factory.sockets}
        wrong = [port for port, row in rows.items() if present(row) != [made[port]] or row["pid"] != pid]
        same(wrong[:5], [], "listeners with another owner")


@test
def other_pid_namespace():
    need_root()
    with scene("listen,port=7008", f"listen,port=7009,uid={NOBODY}") as (ns, _):
        r = ns.run(["unshare", "-p", "-f", "--mount-proc", SOCKEYE, "list", "--json"])
        whole = json.loads(r.stdout)
        found = {p["port"]: p["owner_reason"] for p in whole["ports"] if p["netns"] == ns.inode}
        same(found, {7008: "other-pidns", 7009: "other-pidns"}, "reasons")
        check([l for l in whole["limits"] if l["reason"] == "other-pidns"], f"limits {whole['limits']}")


def with_proc(option, uid):
    """What is listed where /proc is mounted with that option, of a root's and a nobody's listener."""
    need_root()
    need("setpriv")
    with scene("listen,port=7010,child=1", f"listen,port=7020,uid={NOBODY}") as (ns, factory), \
            tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
        os.chmod(place, 0o755)
        program = shutil.copy(SOCKEYE, place)
        script = (f"mount -t proc -o {option} proc /proc && exec setpriv --reuid={uid} --regid={uid} --clear-groups "
                  f"env HOME=/ {program} list --json")
        r = ns.run(["unshare", "-m", "sh", "-c", script])
        if b"mount" in r.stderr:
            raise Skip(r.stderr.decode(errors="replace").strip())
        same(r.returncode, 0, f"exit code ({r.stderr!r})")
        whole = json.loads(r.stdout)
        found = {p["port"]: (p["owner_reason"], p["pid"]) for p in whole["ports"] if p["netns"] == ns.inode}
        limits = {l["reason"] for l in whole["limits"] if l["what"] == "owners"}
        return found, limits, {p: factory.one(lport=p)["pid"] for p in (7010, 7020)}


@test
def processes_of_others_are_closed():
    """hidepid=1: their pids are listed, and nothing below them may be read."""
    found, limits, pids = with_proc("hidepid=1", NOBODY)
    same(found, {7010: ("not-permitted", None), 7020: (None, pids[7020])}, "owners")
    same(limits, {"not-permitted"}, "limits about owners")


@test
def hidden_processes():
    """hidepid=2 and 4: the pids of others are not even listed."""
    for option in ("hidepid=2", "hidepid=4"):
        found, limits, pids = with_proc(option, NOBODY)
        same(found, {7010: ("not-permitted", None), 7020: (None, pids[7020])}, f"owners with {option}")
        check("hidden" in limits, f"limits about owners with {option}: {limits}")


@test
def nothing_but_processes_in_proc():
    """subset=pid: no settings, no memory, no list of mounts of its own; sockets and owners all the same."""
    found, limits, pids = with_proc("subset=pid", 0)
    same(found, {7010: (None, pids[7010]), 7020: (None, pids[7020])}, "owners")
    check("hidden" not in limits, f"limits about owners: {limits}")


@test
def a_dead_listener_keeps_its_owner():
    """Between the death of its holder and the look that misses it for good a port is not anybody else's."""
    with scene("listen,port=7011,child=1", "listen,port=7012") as (ns, factory), dashboard(ns, "-d", "0.3") as screen:
        screen.shows(r"7011 tcp +\S+ +factory")
        os.kill(factory.one(lport=7011)["pid"], signal.SIGKILL)
        seen = []
        end = time.monotonic() + 6
        while time.monotonic() < end:
            lines = [l for l in screen.screen().splitlines() if re.search(r"\b7011 tcp", l)]
            if not lines:
                break
            seen.append(lines[0])
            time.sleep(0.05)
        check(not any("‹" in l for l in seen), "reasons:\n" + "\n".join(sorted(set(seen))))
        check(any(l.lstrip().startswith("-") for l in seen), "never marked as closed:\n" + "\n".join(sorted(set(seen))))
        screen.hides(r"\b7011 tcp")


@test
def service_by_its_group():
    with Netns() as ns, group("/system.slice/" + SERVICE) as directory:
        with program_in_group(ns, directory, [FACTORY, "listen,port=7013"]) as p:
            p.stdout.readline()
            row = sockets(ns)[7013]
            same((row["unit"], row["container"]), (SERVICE, None), "unit")
            same(row["cgroup"], "/system.slice/" + SERVICE, "cgroup")


@test
def container_by_its_group():
    with Netns() as ns, group(f"/system.slice/docker-{HEX}.scope") as directory:
        with program_in_group(ns, directory, [FACTORY, "listen,port=7014"]) as p:
            p.stdout.readline()
            row = sockets(ns)[7014]
            same((row["unit"], row["container"]), (CONTAINER,) * 2, "unit and container")
            port = {r["port"]: r for r in ns.rows("ports")}[7014]
            same(port["container"], CONTAINER, "container of the port")
            # whose processes may not be read, by the group of the socket
            need("setpriv")
            with tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
                os.chmod(place, 0o755)
                program = shutil.copy(SOCKEYE, place)
                r = ns.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program, "list",
                            "--json", "port=7014"])
                row = [p for p in json.loads(r.stdout)["ports"] if p["netns"] == ns.inode][0]
                same((row["owner_reason"], row["container"]), ("not-permitted", CONTAINER), "as nobody")


@contextlib.contextmanager
def renamed(name, *arguments, ns=None, code="import sys,time;print(1,flush=True);sys.stdin.read()"):
    """A Python program that is called `name` and has these arguments."""
    with tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
        link = os.path.join(place, name)
        os.symlink(os.path.realpath(sys.executable), link)
        p = subprocess.Popen([*ns.enter, link, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env=clean_env(PYTHONHOME=sys.prefix))
        try:
            check(p.stdout.readline(), f"{name} does not start")
            yield p
        finally:
            p.stdin.close()
            p.wait(PATIENCE)
            p.stdout.close()


LISTEN = ("import socket,sys;s=socket.socket();s.bind((%r,%d));s.listen();print(1,flush=True);sys.stdin.read()")


@test
def forwarders():
    """A port that docker-proxy holds leads to the container whose listener has the address."""
    with Netns() as ns, Netns() as inner:
        r = inner.run(["ip", "addr", "add", INNER + "/32", "dev", "lo"])
        same(r.returncode, 0, "ip addr add")
        arguments = ["-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "7015", "-container-ip", INNER,
                     "-container-port", "80"]
        with renamed("docker-proxy", *arguments, ns=ns, code=LISTEN % ("0.0.0.0", 7015)):
            ports = {r["port"]: r for r in ns.rows("ports", "-N", "all")}
            same(ports[7015]["process"], "docker-proxy", "process")
            same(ports[7015]["forwards"], INNER + ":80", "where it leads")
            with group(f"/system.slice/docker-{HEX}.scope") as directory:
                listen = [sys.executable, "-c", LISTEN % (INNER, 80)]
                with program_in_group(inner, directory, listen) as p:
                    p.stdout.readline()
                    ports = {r["port"]: r for r in ns.rows("ports", "-N", "all")}
                    same(ports[7015]["forwards"], CONTAINER + ":80", "where it leads")
                    same(sockets(ns, "-N", "all")[7015]["forwards"], CONTAINER + ":80", "where the socket leads")
                    with dashboard(ns, "-N", "all", width=120) as screen:
                        screen.shows(r"7015 tcp .* docker-proxy .* →docker:\d")
                    for width in (80, 120):
                        with dashboard(ns, "-N", "all", "port=7015", width=width) as screen:
                            screen.shows(r"7015 tcp .* docker-proxy")
                            screen.keys("Enter")
                            screen.shows(rf"forwards +:7015 → {CONTAINER}:80 → python\S* +{p.pid}\b")
                            screen.keys("Home", "Enter")
                            shown = screen.shows(r"80/tcp +http")
                            check("in network namespace" in shown and str(p.pid) in shown and INNER in shown,
                                  f"the page of the real listener:\n{shown}")
                            screen.keys("Escape")
                            screen.shows(r"7015/tcp(.|\n)*forwards")


@test
def other_ends():
    with scene("pair,port=7016", "unaccepted,port=7017", "udp,port=7018", "listen,port=7019,child=1") as (ns, factory):
        client = subprocess.Popen([*ns.enter, sys.executable, "-c",
                                   "import socket,sys\n"
                                   "u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);u.connect(('127.0.0.1',7018))\n"
                                   "t=socket.create_connection(('127.0.0.1',7019))\n"
                                   "print(1,flush=True);sys.stdin.read()"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_env())
        try:
            client.stdout.readline()
            rows = [r for r in ns.rows("sockets", "-a") if r["rport"]]

            def peer(**wanted):
                found = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
                same(len(found), 1, f"rows with {wanted}")
                return found[0]["peer_pid"], found[0]["peer_process"]

            name = os.path.basename(sys.executable)
            same(peer(rport=7016), (factory.pid, "factory"), "the accepted end")
            same(peer(lport=7016), (factory.pid, "factory"), "the connecting end")
            same(peer(rport=7017), (factory.pid, "factory"), "not accepted: whose listener it is")
            same(peer(rport=7018), (factory.pid, "factory"), "the bound socket")
            same(peer(rport=7019), (factory.one(lport=7019)["pid"], "factory"), "not accepted, of a child")
            same(peer(lport=7019), (client.pid, name), "who waits to be accepted")
        finally:
            client.stdin.close()
            client.wait(PATIENCE)
            client.stdout.close()
