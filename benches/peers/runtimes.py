"""The case `runtime`: gfetch's scheduler beside tokio, may, Go and gevent, each on one thread."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import lab
from lab import Wrong, spread, table

HERE = pathlib.Path(__file__).resolve().parent
GEVENT = "gevent==26.9.0"
# What is told of a case: CPU per operation, or memory per operation (for those that only wait).
CPU, MEMORY = "cpu_ns", "bytes"

# (title, case, size, operations, what, smoke size, smoke operations)
ROWS = [
    ("yield among 2", "yield", 2, 2_000_000, CPU, 2, 2_000),
    ("yield among 64", "yield", 64, 2_000_000, CPU, 64, 2_000),
    ("yield among 1,000", "yield", 1_000, 2_000_000, CPU, 100, 2_000),
    ("yield among 100,000", "yield", 100_000, 2_000_000, CPU, 500, 4_000),
    ("spawn + join, 100,000 at once, cold", "spawn-cold", 100_000, 0, CPU, 500, 0),
    ("spawn + join, batches of 1,000, warm", "spawn-warm", 1_000, 1_000_000, CPU, 100, 500),
    ("a token round a ring of 503 channels", "ring", 503, 1_000_000, CPU, 53, 1_000),
    ("TCP ping-pong, a round trip", "pingpong", 1, 100_000, CPU, 1, 200),
    ("TCP echo, 1,000 clients, a round trip", "echo", 1_000, 200_000, CPU, 20, 200),
    ("100,000 sleepers, a sleep", "sleepers", 100_000, 500_000, CPU, 200, 400),
    ("1,000,000 parked, bytes each", "parked", 1_000_000, 0, MEMORY, 1_000, 0),
]


def clients(repository, target):
    """name → command, of those that can be had here; and a line on each that cannot."""
    rust = build_rust(target)
    found, absent = {"gfetch": [build_gfetch(repository)], "tokio": [rust / "tokio_runtime"], "may": [rust / "may_runtime"]}, []
    for name, build in (("Go", build_go), ("gevent", build_gevent)):
        try:
            found[name] = build(target)
        except (OSError, subprocess.CalledProcessError) as error:
            absent.append(f"{name} is not here ({error}).")
    return found, absent


def build_gfetch(repository):
    """The bench's program, as cargo itself names it."""
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "runtime", "--no-run", "--message-format=json"]
    text = subprocess.run(command, cwd=repository, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    programs = [message["executable"] for message in messages if message.get("target", {}).get("name") == "runtime"]
    return programs[-1]


def build_rust(target):
    package = target / "peers/runtime"
    shutil.copytree(HERE / "runtime", package, dirs_exist_ok=True)
    shutil.copy(HERE.parent / "meter.rs", package / "src")
    (package / "manifest.toml").rename(package / "Cargo.toml")
    (package / "manifest.lock").rename(package / "Cargo.lock")
    environment = os.environ | {"CARGO_TARGET_DIR": str(target / "peers/target")}
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked"], cwd=package, check=True, env=environment)
    return target / "peers/target/release"


def build_go(target):
    program = target / "peers/target/go_runtime"
    environment = os.environ | {"GOCACHE": str(target / "peers/go"), "GO111MODULE": "off", "GOFLAGS": ""}
    subprocess.run(["go", "build", "-o", program, HERE / "runtime/runtime.go"], check=True, env=environment)
    return [program]


def build_gevent(target):
    place = target / "peers/gevent"
    if not (place / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        subprocess.run([place / "bin/pip", "install", "--quiet", "--disable-pip-version-check", GEVENT], check=True)
        (place / "ready").touch()
    return [place / "bin/python", HERE / "runtime/runtime_gevent.py"]


def measure(command, case, size, operations, out):
    """What the program says that it cost per operation; None if it could not do it."""
    run = lab.run([*command, case, size, operations], stdout=out, peak=False)
    if run.status:
        return None
    cost = json.loads(out.read_text())
    if cost["operations"] < min(size, operations or size):
        raise Wrong(f"{command[0]} {case}: {cost}")
    return {key: cost[key] / cost["operations"] for key in (CPU, MEMORY)}


def case(smoke, rounds, repository, target, folder):
    """The table's title and text."""
    programs, absent = clients(repository, target)
    lines = []
    for title, name, size, operations, what, smoke_size, smoke_operations in ROWS:
        if smoke:
            size, operations = smoke_size, smoke_operations
        turns = {
            client: lambda command=command: measure(command, name, size, operations, folder / "cost")
            for client, command in programs.items()
        }
        # Memory hardly varies, and gevent takes minutes over a million greenlets.
        runs = lab.by_turns(1 if what == MEMORY else rounds, turns)
        if None in runs["gfetch"]:
            raise Wrong(f"gfetch cannot do {title}")
        lines.append([title, *(cell(runs[client], what) for client in programs)])
        print("  ".join(lines[-1]), file=sys.stderr, flush=True)
    text = table(["CPU, ns an operation", *programs], lines)
    return "the runtime and its peers, one thread each: medians by turns", "\n\n".join([text, *absent, NOTES])


def cell(runs, what):
    """The median with its range; a program that failed in any round did not do it."""
    if None in runs:
        return "cannot"
    values = [run[what] for run in runs]
    digits = 0 if statistics.median(values) >= 100 else 1
    return spread(values, digits)


NOTES = """\
gevent's `sleep(0)` and Go's `Gosched` are their yields. Channels hold one item, but may's, which have no bound. Server and clients of the TCP rows
are one thread of one process. Go has one processor (`GOMAXPROCS=1`) and its collector's and monitor's threads beside it; may has one worker and a thread
for its timers. tokio's tasks have no stacks: what they keep across a wait is as large as their code makes it. "cannot": the program ended with an error
(may's stacks take two mappings each, of which a process may have 65,530)."""
