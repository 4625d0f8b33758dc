"""What the tests of kill and close share: holders written for the case, another user, an answer on a terminal."""

from kit import *

HOLDER = """
import os, signal, socket, sys, time
def listen(port, reuse=False):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", port))
    s.listen()
    return s
def ready():
    print("ready", flush=True)
def idle():
    while True:
        signal.pause()
"""


class Holder:
    """A python program in the namespace, in a session of its own, that has said "ready"."""

    def __init__(self, ns, program, before=()):
        self.process = subprocess.Popen([*ns.enter, *before, sys.executable, "-c", HOLDER + program],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                                        env=clean_env(), text=True)
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        if line.strip() != "ready":
            self.close()
            raise Failure(f"the holder said {line!r}")

    def line(self):
        return self.process.stdout.readline().strip()

    def ended(self):
        return self.process.poll() is not None

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


BYSTANDERS = """
import os, signal, socket, sys
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
def name(comm):
    open("/proc/self/comm", "w").write(comm)
def stand():
    name("bystander")
    os.write(1, b"%d\\n" % os.getpid())
    sys.stdin.read()
    os._exit(0)
s = socket.create_server(("127.0.0.1", 8099))
if not os.fork():  # holds it too
    stand()
if not os.fork():  # in a group of its own, without a socket
    os.setpgid(0, 0)
    s.close()
    stand()
stand()
"""


class Bystanders:
    """Processes in the namespace that nobody means, with every signal blocked: whichever is sent to one of them stays
    pending, and is seen. One that listens, its child that holds the same socket, and one that holds none."""

    watched = 0  # how often it was looked whether they were left alone; a test of a kill must have done so

    def __init__(self, ns):
        self.process = subprocess.Popen([*ns.enter, sys.executable, "-c", BYSTANDERS], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, start_new_session=True, env=clean_env(), text=True)
        self.pids = [int(self.process.stdout.readline()) for _ in range(3)]

    def check(self):
        Bystanders.watched += 1
        for pid in self.pids:
            check(alive(pid), f"bystander {pid} died")
            with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                said = dict(re.findall(r"^(State|SigPnd|ShdPnd):\s*(\w+)", f.read(), re.M))
            check(said["State"] != "T", f"bystander {pid} was stopped")
            got = int(said["SigPnd"], 16) | int(said["ShdPnd"], 16)
            got &= ~(1 << signal.SIGCHLD - 1)  # by the kernel, never by us
            check(not got, f"bystander {pid} got signals {[n + 1 for n in range(64) if got >> n & 1]}")

    def close(self):
        self.process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def victims(*requests):
    """The scene of a kill: with bystanders who must not have got any signal in the end, nor may the factory be dead."""
    with scene(*requests or ("listen,port=8098",)) as (ns, factory), Bystanders(ns) as bystanders:
        yield ns, factory
        bystanders.check()
        check(alive(factory.pid), "the factory died")


def run(ns, *args, code=None, program=None):
    """Runs the program and gives what it said on both; checks the exit code."""
    r = ns.run([*(program or [SOCKEYE]), *args])
    out, err = r.stdout.decode(), r.stderr.decode()
    if code is not None:
        check(r.returncode == code, f"{' '.join(args)}: exit {r.returncode}, expected {code}\n{out}{err}")
    return out + err


def has(text, *parts):
    for part in parts:
        check(part in text, f"{part!r} is missing in:\n{text}")


def has_not(text, *parts):
    for part in parts:
        check(part not in text, f"{part!r} should not be in:\n{text}")


def answered(ns, args, question, answer, before=None, typed_ahead=b""):
    """Runs the program on a terminal, answers its question, gives output and exit code."""
    with Pty([*ns.enter, SOCKEYE, *args]) as terminal:
        if typed_ahead:
            os.write(terminal.fd, typed_ahead)
        terminal.read_until(question)
        if before:
            before()
        os.write(terminal.fd, answer)
        code = terminal.wait()
        os.set_blocking(terminal.fd, False)
        with contextlib.suppress(OSError):
            while piece := os.read(terminal.fd, 65536):
                terminal.output += piece
        return terminal.output.decode("utf-8", "replace"), code


@contextlib.contextmanager
def unit(name):
    """A cgroup as systemd would make it, with cgroup.procs to be written to."""
    for top in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.path.exists(top + "/cgroup.procs"):
            break
    else:
        raise Skip("no unified cgroups")
    made = []
    try:
        for part in ("/system.slice", f"/system.slice/{name}"):
            if not os.path.isdir(top + part):
                os.mkdir(top + part)
                made.append(top + part)
        yield top + f"/system.slice/{name}"
    except OSError as e:
        raise Skip(f"no cgroup of one's own: {e}")
    finally:
        for path in reversed(made):
            until(lambda: removed(path), f"{path} can be removed")


def removed(path):
    try:
        os.rmdir(path)  # not while a process of it is still on its way out
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


IN_UNIT = ("s = listen(8080)\nopen('{path}/cgroup.procs', 'w').write(str(os.getpid()))\nkid = os.fork()\n"
           "if not kid:\n    s.close(); signal.signal(signal.SIGTERM, signal.SIG_IGN); idle()\n"
           "ready()\nprint(kid, flush=True)\nidle()")


FAKE_SYSTEMCTL = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
*show*) {show};;
*stop*) kill -9 $(cat {procs});;
esac
"""


@contextlib.contextmanager
def systemctl(cgroup, show):
    """Words before the program with which it finds another systemctl, and what that was called with."""
    need("unshare")
    if not os.path.exists("/usr/bin/systemctl"):
        raise Skip("no systemctl")
    with tempfile.TemporaryDirectory(prefix="sockeye-test-") as place:
        log, script = place + "/log", place + "/systemctl"
        with open(script, "w", encoding="utf-8") as f:
            f.write(FAKE_SYSTEMCTL.format(log=log, procs=cgroup + "/cgroup.procs", show=show))
        os.chmod(script, 0o755)
        yield (["unshare", "-m", "sh", "-c", f'mount --bind {script} /usr/bin/systemctl && exec "$@"', "sh", SOCKEYE],
               lambda: open(log, encoding="utf-8").read() if os.path.exists(log) else "")
