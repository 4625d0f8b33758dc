"""A system call of the sequence fails: what is said, with which exit code, and that nobody was signalled."""

from acts import *

FAIL = os.path.join(BUILD, "tests/tools/fail_call")


def failing(call, error):
    return [FAIL, call, error, SOCKEYE]


WORDS = {  # exit code, text
    "EPERM": (3, "not permitted: victim {pid} is yours, but in another user namespace, or a security module forbids it"),
    "ESRCH": (1, "nothing is left to be signalled: victim {pid} has ended already"),
    "EINVAL": (2, "victim {pid} cannot be signalled: Invalid argument"),
    "EMFILE": (2, "victim {pid} cannot be signalled: Too many open files"),
    "EINTR": (2, "victim {pid} cannot be signalled: Interrupted system call"),
    "ENOMEM": (2, "victim {pid} cannot be signalled: Cannot allocate memory"),
    "ENOSYS": (2, "victim {pid} cannot be signalled: Function not implemented"),
}


def each_error(call):
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        victim = factory.one(lport=8080)["pid"]
        for error, (code, text) in WORDS.items():
            said = run(ns, "kill", "--yes", "--wait", "300ms", ":8080", code=code, program=failing(call, error))
            has(said, text.format(pid=victim), "Nothing was sent.")
            check(alive(victim), f"the victim died though {call} gave {error}")


@test
def bystanders_tell():
    """They would say so: also of a signal that ends nobody, and of one to the child or to the one without a socket."""
    for at in range(3):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH, signal.SIGCONT, signal.SIGSTOP):
            with Netns() as ns, Bystanders(ns) as bystanders:
                bystanders.check()
                os.kill(bystanders.pids[at], number)
                try:
                    bystanders.check()
                except Failure as e:
                    has(str(e), f"bystander {bystanders.pids[at]} ")
                else:
                    raise Failure(f"signal {number} to bystander {at} was not noticed")
                os.kill(bystanders.pids[at], signal.SIGCONT)


@test
def pidfd_open():
    each_error("pidfd_open")


@test
def probe():
    each_error("pidfd_send_signal")


@test
def deed():
    """It fails when everything was checked and said already: that is said then."""
    each_error("deed")


@test
def several_refused():
    """Each is named, also when part of it would be enough."""
    with victims("listen,port=8080,child=1,comm=one", f"listen,port=8081,uid={NOBODY},comm=two") as (ns, factory):
        text = run(ns, "kill", "--yes", "--all", "--partial", ":8080,8081", code=3,
                   program=failing("deed", "EPERM"))
        has(text, "not permitted: one ", "not permitted: two ")
        check(alive(factory.one(lport=8080)["pid"]) and alive(factory.one(lport=8081)["pid"]), "signalled")


@test
def never_by_number():
    """A number may be another process's by now: nothing is signalled by it, even where the kernel would."""
    with victims("listen,port=8080,child=1,comm=victim", "listen,port=8081,stubborn=1,comm=stubborn") as (ns, factory):
        has(run(ns, "kill", "--yes", ":8080", code=0, program=failing("kill", "EPERM")), "8080/tcp is free")
        check(not alive(factory.one(lport=8080)["pid"]), "it lives")
        text = run(ns, "kill", "--yes", "--kill-after", "200ms", ":8081", code=0, program=failing("kill", "EPERM"))
        has(text, "KILL to stubborn", "8081/tcp is free")


@test
def in_the_dashboard():
    for call, text in (("pidfd_open", r"cannot be signalled: Too many open files"),
                       ("deed", r"nothing was sent")):
        with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
            victim = factory.one(lport=8080)["pid"]
            command = " ".join([*ns.enter, *failing(call, "EMFILE"), *HERE])
            with Tmux(command) as tmux:
                tmux.shows(r"^..\s*8080\b.*victim")
                tmux.keys("K")
                tmux.shows(r"Kill the holder|cannot be signalled")
                tmux.keys("Enter")
                tmux.shows(text)
                check(alive(victim), "it died")
                tmux.keys("Escape", "Escape", "Q")
                tmux.shows("END:0")


@test
def close_without_a_copy():
    """Without CAP_NET_ADMIN a connection of one's own is closed by a copy of its descriptor, and that fails."""
    own = ("l = listen(8090)\nc = socket.create_connection(('127.0.0.1', 8090))\ns = l.accept()[0]\n"
           "ready()\nprint(c.getsockname()[1], flush=True)\ns.recv(1)\ns.close()\nprint('over', flush=True)\nidle()")
    with victims() as (ns, _), as_nobody() as nobody:
        before, program = nobody[:nobody.index("env")], nobody[nobody.index("env"):]
        with tempfile.TemporaryDirectory() as place, Holder(ns, own, before) as holder:
            os.chmod(place, 0o755)
            tool = shutil.copy(FAIL, place)
            os.chmod(tool, 0o755)
            port = holder.line()
            for call, error, code, text in (
                    ("pidfd_getfd", "EPERM", 3, "not permitted"), ("pidfd_getfd", "EMFILE", 2, "Too many open files"),
                    ("pidfd_getfd", "EBADF", 3, "not permitted"), ("pidfd_open", "ENOMEM", 2, "Cannot allocate memory"),
                    ("pidfd_open", "ESRCH", 3, "not permitted"), ("shutdown", "EINVAL", 2, "Invalid argument")):
                said = run(ns, "close", "--yes", f"lport={port}", code=code,
                           program=[*before, tool, call, error, *program])
                has(said, text)
                check(not holder.ended(), f"the process died though {call} gave {error}")
            has(run(ns, "close", "--yes", f"lport={port}", code=0, program=nobody), "closed")
            same(holder.line(), "over", "what the other end saw at last")
