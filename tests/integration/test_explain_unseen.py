"""explain where bind() is refused by what no table shows: it says that it cannot tell, and exits with 3."""

import json
import platform
import sys

from acts import unit
from binds import ADDRESSES, BINDER, PORT, explained, holder, place
from kit import SOCKEYE, Skip, check, same, test


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
