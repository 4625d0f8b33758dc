"""The completions as the shells use them."""

from kit import *

CASES = {  # what is typed behind "sockeye ", and some of what must be offered; none of the rest may be
    "li": (["list"], "kill"),
    "list --col": (["--columns"], "--csv"),
    "list --columns po": (["port", "ports"], "pid"),
    "list --columns port,pi": (["port,pid"], "port,port"),
    "list --view con": (["connections"], "ports"),
    "list state=cl": (["closed", "close-wait", "closing"], "listening"),
    "list proto=ud": (["udp", "udplite"], "tcp"),
    "kill -s KI": (["KILL"], "TERM"),
    "list close_w": (["close_wait="], "closed"),
    "--find": (["--findings"], "--view"),
}


def judge(shell, offers):
    for line, (wanted, unwanted) in CASES.items():
        got = [x.split("=", 1)[1] if re.match(r"(state|proto)=", x) else x for x in offers(line)]
        for word in wanted:
            check(word in got, f"{shell}: sockeye {line}: no {word} in {got}")
        check(unwanted not in got, f"{shell}: sockeye {line}: {unwanted} in {got}")


@test
def bash():
    need("bash")
    script = r"""
source "$1"; line=$2; COMP_LINE="sockeye $line"; COMP_POINT=${#COMP_LINE}
IFS=' ' read -ra words <<< "${COMP_LINE//=/ = }"; COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1))
compopt() { :; }; _sockeye sockeye "${words[-1]}" "${words[-2]}"; printf '%s\n' "${COMPREPLY[@]}"
"""
    def offers(line):
        r = subprocess.run(["bash", "-c", script, "-", os.path.join(BUILD, "sockeye.bash"), line],
                           capture_output=True, text=True, timeout=PATIENCE, env=clean_env())
        same(r.stderr, "", f"stderr for {line}")
        return r.stdout.split()
    judge("bash", offers)
    # With a filter's signs in one word, as some have it; and what stands before a name in --sort and --columns.
    for line, wanted in (("list --sort -con", "-conns"), ("list --columns +pi", "+pid"),
                         ("list --columns port,-pi", "port,-pid"), ("list state=listening,est", "listening,established")):
        check(wanted in offers(line), f"bash: {line}: {offers(line)}")


@test
def fish():
    need("fish")
    def offers(line):
        script = f"source {os.path.join(BUILD, 'sockeye.fish')}; complete -C 'sockeye {line}'"
        with tempfile.TemporaryDirectory() as home:
            r = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True,
                               timeout=PATIENCE, env=clean_env(HOME=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home))
        return [x.split("\t")[0] for x in r.stdout.splitlines()]
    judge("fish", offers)


@test
def zsh():
    """A whole zsh, which puts in what is the only one and lists several."""
    need("zsh")
    with tempfile.TemporaryDirectory() as home, \
         Pty(["zsh", "-f", "-i"], env={"HOME": home, "TERM": "dumb", "PS1": "> "}) as shell:
        def type_in(text):
            os.write(shell.fd, text.encode())
        type_in(f"fpath=({BUILD} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep zle_bracketed_paste; "
                "echo rea''dy\n")
        shell.read_until(rb"ready")
        for line, (wanted, _) in CASES.items():
            shell.output = b""
            type_in(f"sockeye {line}\t\t")
            for word in wanted:
                shell.read_until(re.escape(word).encode())
            type_in("\x15")
