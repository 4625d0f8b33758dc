"""sockeye kill: who gets the signal, who never does, what is said, and the exit codes. Bystanders tell that nobody else
was signalled."""

from acts import *


def pid_on(factory, port, **more):
    return factory.of(lport=port, **more)[0]["pid"]


@test
def frees_the_port():
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        victim = pid_on(factory, 8080)
        text = run(ns, "kill", "--yes", ":8080", code=0)
        has(text, "Sending SIGTERM to 1 process:", f"  victim {victim}   user root", "8080/tcp 127.0.0.1 (asked for)",
            f"victim {victim} ended", "8080/tcp is free")
        check(not alive(victim), "it lives")


@test
def dry_run_sends_nothing():
    with victims("pair,port=8080,n=2,child=1,comm=victim") as (ns, factory):
        text = run(ns, "kill", "--dry-run", ":8080", code=0)
        has(text, "Would send SIGTERM to 1 process:", "drops     4 connections: 2 in", "Nothing was sent. Without --dry-run")
        check(alive(pid_on(factory, 8080)), "killed by a dry run")


@test
def usage():
    with victims() as (ns, _):
        has(run(ns, "kill", code=2), "kill needs a filter that says whose socket, e.g. sockeye kill :8080")
        has(run(ns, "kill", "--yes", ":8080", ":9090", code=2),
            "no socket has both ports 8080 and 9090; either: sockeye kill :8080,9090")
        has(run(ns, "kill", "-s", "TREM", ":8099", code=2), 'no signal "TREM"; did you mean TERM?')
        has(run(ns, "kill", "-s", "0", ":8099", code=2), "no signal")
        has(run(ns, "kill", "-TREM", ":8099", code=2), "no option -TREM; did you mean -TERM?")
        has(run(ns, "kill", "-0", ":8099", code=2), 'no signal "0"')
        has(run(ns, "-K", "--json", ":8099", code=2), "--json does not go with -K", "sockeye close --help")
        has(run(ns, "kill", "--wait", "soon", ":8099", code=2), '"soon" is no duration')
        has(run(ns, "kill", "proces=x", code=2), "did you mean process?")
        run(ns, "kill", "--yes", ":8080 or :9090", code=1)


@test
def nothing_matches():
    with victims() as (ns, _):
        has(run(ns, "kill", "--yes", ":8080", code=1), "nothing listens on or is bound to anything that matches :8080")


@test
def clients_are_left_alone():
    with victims("listen,port=8080,child=1,comm=server") as (ns, factory):
        client = "c = socket.create_connection(('127.0.0.1', 8080)); ready(); idle()"
        with Holder(ns, client) as one, Holder(ns, client) as two:
            text = run(ns, "kill", "--yes", ":8080", code=0)
            has(text, "Left alone: 2 processes here that are each only a client of 8080 (", str(one.pid), str(two.pid))
            check(not one.ended() and not two.ended(), "a client died")
            text = run(ns, "kill", "--yes", ":8080", code=1)


@test
def unconfirmed():
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        has(run(ns, "kill", ":8080", code=3), "refused: no terminal to ask on; see --dry-run, then use --yes")
        for answer in (b"n\n", b"\n", b"q\n", b"yep\n", b"\x04"):
            text, code = answered(ns, ["kill", ":8080"], rb"\[y/N\]", answer)
            same(code, 3, f"exit code after {answer!r}")
            has(text, "Nothing was sent.")
        text, code = answered(ns, ["kill", ":8080"], rb"\[y/N\]", b"n\n", typed_ahead=b"y\ny\n")
        same(code, 3, "exit code with an answer before the question")
        check(alive(pid_on(factory, 8080)), "killed without a yes")
        text, code = answered(ns, ["kill", ":8080"], rb"\[y/N\]", b"y\n")
        same(code, 0, "exit code after a yes")
        has(text, f"Send SIGTERM to victim {pid_on(factory, 8080)}? [y/N]", "8080/tcp is free")


@test
def let_go_before_the_answer():
    """Between question and answer it closes the socket: nothing is left to be signalled."""
    with victims() as (ns, _):
        program = ("s = listen(8080); signal.signal(signal.SIGUSR1, lambda *_: (s.close(), print('closed', flush=True)))\n"
                   "ready(); idle()")
        with Holder(ns, program) as holder:
            def let_go():
                os.kill(holder.pid, signal.SIGUSR1)
                same(holder.line(), "closed", "what it said")

            text, code = answered(ns, ["kill", ":8080"], rb"\[y/N\]", b"y\n", before=let_go)
            same(code, 1, "exit code")
            has(text, "no longer holds the socket", "Nothing was sent.")
            check(not holder.ended(), "signalled although it had let go")


@test
def ended_before_the_answer():
    with victims() as (ns, _):
        with Holder(ns, "s = listen(8080); ready(); idle()") as holder:
            def end():
                holder.process.kill()
                holder.process.wait()

            text, code = answered(ns, ["kill", ":8080"], rb"\[y/N\]", b"y\n", before=end)
            same(code, 1, "exit code")
            has(text, "has ended already")


@test
def started_again_by_its_parent():
    """No unit tells: the parent goes on, and puts another one in its place."""
    with victims() as (ns, _):
        program = ("open('/proc/self/comm', 'w').write('superv')\n"
                   "def serve():\n    s = listen(8080); print('ready', flush=True); idle()\n"
                   "while True:\n    kid = os.fork()\n    if not kid: serve()\n    os.waitpid(kid, 0); time.sleep(.3)\n")
        with Holder(ns, program) as holder:
            has(run(ns, "kill", "--dry-run", ":8080", code=0),
                f"    respawn   perhaps: superv {holder.pid} started it and goes on\n")
            has(run(ns, "kill", "--yes", ":8080", code=4), "8080/tcp is free", "8080/tcp taken again: ")
            check(not holder.ended(), "the parent was hit")


@test
def a_first_thread_that_ended():
    """/proc calls such a process a zombie, but its other threads hold the port, and take a signal."""
    with victims() as (ns, _):
        program = ("import ctypes, platform, threading\n"
                   "s = listen(8080); threading.Thread(target=idle).start(); ready(); time.sleep(.1)\n"
                   "ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)\n")
        with Holder(ns, program) as holder:
            until(lambda: f"{holder.pid} (" in (stat := open(f"/proc/{holder.pid}/stat").read()) and ") Z " in stat,
                  "the first thread ends")
            has(run(ns, "kill", "--yes", ":8080", code=0), f" {holder.pid} ended", "8080/tcp is free")
            until(holder.ended, "it ends")


@test
def ignored_signal():
    with victims("listen,port=8080,stubborn=1,comm=victim") as (ns, factory):
        victim = pid_on(factory, 8080)
        has(run(ns, "kill", "--yes", "--wait", "300ms", ":8080", code=4),
            f" s after the signal: victim {victim} ignores TERM\n    try: sockeye kill --kill-after 5s :8080\n")
        check(alive(victim), "it died of a signal it ignores")
        has(run(ns, "kill", "-N", f"/proc/{victim}/ns/net", "--yes", "--wait", "300ms", "port>8079 port<8081", code=4),
            f"    try: sockeye kill --kill-after 5s -N /proc/{victim}/ns/net 'port>8079 port<8081'\n")
        text = run(ns, "kill", "--yes", "--kill-after", "200ms", ":8080", code=0)
        has(text, f"KILL to victim {victim}", "8080/tcp is free")
        check(not alive(victim), "it lives")


@test
def signals_that_do_not_end():
    with victims() as (ns, _):
        program = "s = listen(8080); signal.signal(signal.SIGHUP, lambda *_: print('hup', flush=True)); ready(); idle()"
        with Holder(ns, program) as holder:
            has(run(ns, "kill", "--yes", "-s", "hup", ":8080", code=0), "Sending SIGHUP to 1 process")
            same(holder.line(), "hup", "what it got")
            check(not holder.ended(), "it ended")
            run(ns, "kill", "--yes", "-s", "1", "port=8080", code=0)
            same(holder.line(), "hup", "what it got by number")
            for spelled in ("-1", "-HUP", "-SIGHUP"):
                has(run(ns, "kill", "--yes", spelled, ":8080", code=0), "Sending SIGHUP to 1 process")
                same(holder.line(), "hup", f"what it got by {spelled}")


@test
def taken_again():
    with victims("listen,port=8080,respawn=1,comm=phoenix") as (ns, factory):
        text = run(ns, "kill", "--yes", ":8080", code=4)
        has(text, "taken again: phoenix ")
        check(not alive(pid_on(factory, 8080)), "the first one lives")


@test
def prefork_group():
    with victims("forked,port=8080,n=3,child=1,comm=pool") as (ns, factory):
        pids = sorted({s["pid"] for s in factory.of(lport=8080)})
        same(len(pids), 4, "holders")
        text = run(ns, "kill", "--yes", ":8080", code=0)
        has(text, "Sending SIGTERM to 4 processes:", *(f"pool {pid}" for pid in pids[:3]))
        check(not any(alive(pid) for pid in pids), "one of them lives")


@test
def reuseport_group():
    """Several processes, each with a listener of its own on one port."""
    with victims("reuseport,port=8080,n=3,comm=many") as (ns, factory):
        pids = sorted({s["pid"] for s in factory.of(lport=8080)})
        run(ns, "kill", "--yes", ":8080", code=0)
        until(lambda: not any(alive(pid) for pid in pids), "all of them end")


@test
def one_of_a_reuseport_group():
    """The others hold the address still, and that is no success."""
    with victims("reuseport,port=8080,n=3,comm=many") as (ns, factory):
        pids = sorted({s["pid"] for s in factory.of(lport=8080)})
        text = run(ns, "kill", "--yes", "--wait", "500ms", f"pid={pids[2]}", ":8080", code=4)
        has(text, "others hold it, so it stays taken", "still held by many ")
        check(alive(pids[0]) and alive(pids[1]) and not alive(pids[2]), "not just the one that was named")


@test
def several_ports_need_all():
    with victims("listen,port=8080,child=1,comm=one", "listen,port=8081,child=1,comm=two") as (ns, factory):
        pids = [pid_on(factory, 8080), pid_on(factory, 8081)]
        has(run(ns, "kill", "--yes", ":8080,8081", code=3), "refused: this reaches 2 ports (8080/tcp, 8081/tcp)",
            "add --all")
        has(run(ns, "kill", "--dry-run", ":8080,8081", code=3), "add --all")
        check(all(alive(pid) for pid in pids), "signalled without --all")
        run(ns, "kill", "--yes", "--all", ":8080,8081", code=0)
        check(not any(alive(pid) for pid in pids), "one lives")


@test
def several_programs_need_all():
    """One port, two programs: whoever asked for the port may have meant one of them."""
    with victims() as (ns, _):
        need("perl")
        other = ("use Socket; socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, 15, pack('l', 1)); "
                 "bind(S, sockaddr_in(8080, INADDR_LOOPBACK)) or die; listen(S, 5); $| = 1; print qq(ready\\n); sleep")
        with Holder(ns, "s = listen(8080, True); ready(); idle()") as one:
            two = subprocess.Popen([*ns.enter, "perl", "-e", other], stdout=subprocess.PIPE, text=True)
            try:
                same(two.stdout.readline(), "ready\n", "perl")
                has(run(ns, "kill", "--yes", ":8080", code=3), "refused: this reaches 2 programs")
                check(not one.ended() and two.poll() is None, "signalled without --all")
                run(ns, "kill", "--yes", ":8080", "process=perl", "--wait", "1s", code=4)
                check(two.wait(PATIENCE) == -signal.SIGTERM and not one.ended(), "not just perl")
            finally:
                two.kill()
                two.wait()
                two.stdout.close()


@test
def one_address():
    """Another process has another address of the same port: it is left alone, and what was asked for is free."""
    with victims("listen,port=8080,child=1,comm=one",
                 "listen,port=8080,addr=127.0.0.2,child=1,comm=two") as (ns, factory):
        text = run(ns, "kill", "--yes", ":8080", "laddr=127.0.0.2", code=0)
        has(text, "8080/tcp 127.0.0.2 (asked for)")
        check(alive(factory.one(laddr="127.0.0.1", lport=8080)["pid"]), "the other address's holder died")
        check(not alive(factory.one(laddr="127.0.0.2", lport=8080)["pid"]), "it lives")


@test
def bare_words_are_whole_names():
    with victims("listen,port=8080,child=1,comm=victim", "listen,port=8081,child=1,comm=victims") as (ns, factory):
        run(ns, "kill", "--yes", "vict", code=1)
        run(ns, "kill", "--yes", "root", code=1)  # a user is none of those names
        run(ns, "kill", "--yes", "victim", code=0)
        check(not alive(pid_on(factory, 8080)) and alive(pid_on(factory, 8081)), "not just the one with that name")


@test
def states_by_name():
    """With a state the owners of such sockets are meant, clients too."""
    with victims("listen,port=8080,child=1,comm=server") as (ns, factory):
        with Holder(ns, "c = socket.create_connection(('127.0.0.1', 8080)); ready(); idle()") as client:
            text = run(ns, "kill", "--yes", "state=established", "rport=8080", code=0)
            has(text, f"python3 {client.pid}")
            until(client.ended, "the client ends")
            check(alive(pid_on(factory, 8080)), "the server died")


@test
def time_wait_has_no_owner():
    with victims("time-wait,port=8080,n=1") as (ns, factory):
        has(run(ns, "kill", "--yes", "state=time-wait", code=3), "is in time-wait: no process holds it", "sockeye close")


@test
def own_session():
    """sockeye's own ancestors: the shell, the terminal, the ssh daemon of this session."""
    program = "import socket, subprocess, sys; s = socket.create_server(('127.0.0.1', 8080)); sys.exit(subprocess.call(sys.argv[1:]))"
    with victims() as (ns, _):
        r = ns.run([sys.executable, "-c", program, SOCKEYE, "kill", "--yes", ":8080"])
        same(r.returncode, 3, "exit code")
        has(r.stderr.decode(), "refused: python3 ", "carries this session. Nothing was sent.")


@test
def foreign_user():
    with victims("listen,port=8080,child=1,comm=rootish", f"listen,port=8081,uid={NOBODY},comm=mine") as (ns, factory):
        with as_nobody() as program:
            text = run(ns, "kill", "--yes", ":8080", code=3, program=program)
            has(text, "not permitted: who holds 8080/tcp 127.0.0.1 is hidden", "you are nobody",
                "try: sudo sockeye kill :8080")
            # All or nothing, unless part is enough.
            text = run(ns, "kill", "--yes", "--all", ":8080,8081", code=3, program=program)
            has(text, "Would send SIGTERM", "Nothing was sent")
            check("Sending" not in text, f"says it sends what it does not send:\n{text}")
            check(alive(pid_on(factory, 8081)), "signalled though another one was not permitted")
            text = run(ns, "kill", "--yes", "--all", "--partial", ":8080,8081", code=3, program=program)
            has(text, "8081/tcp is free", "Left out.")
            check(not alive(pid_on(factory, 8081)) and alive(pid_on(factory, 8080)), "not just its own")


@test
def shared_with_a_foreign_user():
    """A socket that root's process holds too: the visible holder alone is not signalled."""
    program = ("s = listen(8080)\ns.set_inheritable(True)\nready()\npid = os.fork()\n"
               f"if not pid:\n    os.setgid({NOBODY}); os.setuid({NOBODY}); os.execvp('sleep', ['sleep', '60'])\nidle()")
    with victims() as (ns, _), Holder(ns, program) as holder, as_nobody() as nobody:
        until(lambda: "sleep" in str(ns.rows("ports", "port=8080", *HERE)[0]["owners"]), "two owners")
        text = run(ns, "kill", "--yes", "--wait", "300ms", ":8080", code=4, program=nobody)
        has(text, "sleep ")
        check(not holder.ended(), "root's process died of nobody's signal")


@test
def process_group():
    program = ("s = listen(8080)\nkids = [os.fork() for _ in range(1)]\nif not kids[0]:\n    s.close()\n    idle()\n"
               "print('ready', kids[0], flush=True) if False else ready()\nprint(kids[0], flush=True)\nidle()")
    with victims() as (ns, _), Holder(ns, program) as holder, Holder(ns, "ready(); idle()") as other:
        kid = int(holder.line())
        text = run(ns, "kill", "--yes", "--to", "group", ":8080", code=0)
        has(text, "Sending SIGTERM to 2 processes (process group python3", "and 1 child)")
        until(lambda: holder.ended() and not alive(kid), "both end")
        check(not other.ended(), "a process of another group died")


@test
def whole_unit():
    name = f"sk{os.getpid()}.service"
    with victims() as (ns, _), unit(name) as path, Holder(ns, IN_UNIT.format(path=path)) as holder:
        kid = int(holder.line())
        text = run(ns, "kill", "--dry-run", name[:-len(".service")], code=0)
        has(text, f"unit {name}")
        with Holder(ns, "ready(); idle()") as other:
            text = run(ns, "kill", "--yes", "--to", "unit", "-s", "KILL", ":8080", code=0)
            has(text, f"Sending SIGKILL to 2 processes (unit {name}, 2 processes)")
            until(lambda: holder.ended() and not alive(kid), "both end")
            check(not other.ended(), "a process of another unit died")


@test
def a_whole_unit_asks_for_the_word():
    name = f"sk{os.getpid()}.service"
    with victims() as (ns, _), unit(name) as path, Holder(ns, IN_UNIT.format(path=path)) as holder:
        text, code = answered(ns, ["kill", "--to", "unit", "-s", "9", ":8080"], rb"Type yes:", b"y\n")
        same(code, 3, "exit code after y")
        check(not holder.ended(), "killed by a y where a yes was asked for")
        text, code = answered(ns, ["kill", "--to", "unit", "-s", "9", ":8080"], rb"Type yes:", b"yes\n")
        same(code, 0, "exit code after yes")
        until(holder.ended, "it ends")


@test
def respawn_forecast():
    name = f"sk{os.getpid()}.service"
    with victims() as (ns, _), unit(name) as path, Holder(ns, IN_UNIT.format(path=path)):
        said = f"echo Id={name}; echo Restart=always; echo RestartUSec=5s; echo MainPID=0"
        with systemctl(path, said) as (program, log):
            text = run(ns, "kill", "--dry-run", ":8080", code=0, program=program)
            has(text, f"respawn   yes: {name} has Restart=always, back after 5s; to keep it down:",
                f"systemctl stop {name}")
            has(log(), "--no-ask-password show", name)
        with systemctl(path, "sleep 20") as (program, _):
            began = time.monotonic()
            has(run(ns, "kill", "--dry-run", ":8080", code=0, program=program), "unknown: systemd gave no answer")
            check(time.monotonic() - began < 15, "waited for a systemd that does not answer")


@test
def stops_the_unit():
    name = f"sk{os.getpid()}.service"
    with victims() as (ns, _), unit(name) as path, Holder(ns, IN_UNIT.format(path=path)) as holder:
        with systemctl(path, "true") as (program, log):
            text = run(ns, "kill", "--yes", "--to", "stop", ":8080", code=0, program=program)
            has(text, f"Running systemctl stop {name} for:", "8080/tcp is free")
            has(log(), f"--no-ask-password --quiet stop -- {name}")
            until(holder.ended, "it ends")


@test
def no_group_of_ones_own():
    """The factory's children are in the group of this very test: that is not offered."""
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory):
        has(run(ns, "kill", "--yes", "--to", "group", ":8080", code=3), "there is no process group here")
        check(alive(pid_on(factory, 8080)), "signalled all the same")


@test
def other_namespaces():
    """Only the own one, unless -N names another."""
    with victims("listen,port=8080,child=1,comm=victim") as (ns, factory), Netns() as elsewhere:
        run(elsewhere, "kill", "--yes", ":8080", code=1)
        check(alive(pid_on(factory, 8080)), "killed from another namespace")
        text = run(elsewhere, "kill", "--yes", "-N", str(factory.pid), ":8080", code=0)
        has(text, "8080/tcp is free")
        check(not alive(pid_on(factory, 8080)), "it lives")


@test
def hostile_names():
    with victims("listen,port=8080,child=1,comm=hostile") as (ns, factory):
        r = ns.sockeye("kill", "--yes", ":8080")
        same(r.returncode, 0, "exit code")
        check(b"\033" not in r.stdout + r.stderr and b"\xff" not in r.stdout + r.stderr, f"raw bytes: {r.stdout!r}")


@test
def reader_leaves():
    with victims("listen,port=8080,child=1,comm=victim") as (ns, _):
        r = ns.run(["sh", "-c", f"{SOCKEYE} kill --dry-run :8080 | true; exit ${{PIPESTATUS:-0}}"])
        same(r.stderr, b"", "stderr")


@test
def group_from_the_dashboard():
    """← → choose to whom; the log that stays says what was done in one line."""
    program = "s = listen(8080)\nkid = os.fork()\nif not kid:\n    s.close(); idle()\nready()\nprint(kid, flush=True)\nidle()"
    with victims() as (ns, _), Holder(ns, program) as holder:
        kid = int(holder.line())
        with dashboard(ns, *HERE) as tmux:
            tmux.keys("/")
            tmux.type("port=8080")
            tmux.keys("Enter")
            tmux.shows(r"^..\s*8080\b.*python3")
            tmux.keys("K")
            tmux.shows(rf"process group\s+python3 {holder.pid} and 1 child")
            tmux.keys("Right")
            tmux.shows(r"Enter: send TERM to the group")
            check(not holder.ended(), "signalled by an arrow key")
            tmux.keys("Enter")
            tmux.shows(r"8080/tcp is free")
            until(lambda: holder.ended() and not alive(kid), "both end")
            tmux.keys("Escape", "Q")
            screen = tmux.shows("END:0")
            check(re.search(r"^\d\d:\d\d:\d\d TERM to process group python3 .*8080/tcp is free after \d+ ms",
                            screen.replace("\n", ""), re.M) or
                  re.search(r"\d\d:\d\d:\d\d TERM to process group python3", screen), f"no log line:\n{screen}")


@test
def unit_word_in_the_dashboard():
    name = f"sk{os.getpid()}.service"
    with victims() as (ns, _), unit(name) as path, Holder(ns, IN_UNIT.format(path=path)) as holder:
        with dashboard(ns, *HERE) as tmux:
            tmux.keys("/")
            tmux.type("port=8080")
            tmux.keys("Enter")
            tmux.shows(r"^..\s*8080\b.*python3")
            tmux.keys("K")
            tmux.shows(rf"unit\s+{name}")
            for _ in range(5):
                if re.search(r"send TERM to all of", tmux.screen()):
                    break
                tmux.keys("Right")
            tmux.keys("9")
            tmux.shows(r"asks for a yes")
            tmux.keys("Enter")
            tmux.shows(r"type yes and Enter")
            tmux.keys("Enter", "y", "Enter")
            time.sleep(0.3)
            check(not holder.ended(), "killed without the word")
            tmux.keys("Escape", "Enter", "y", "e", "s", "Enter")
            until(holder.ended, "it ends")
            tmux.shows(r"8080/tcp is free")
