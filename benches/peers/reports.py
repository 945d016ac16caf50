"""What reports cost: the same list with each kind of report, beside none; and pages and archives of a long list."""

import contextlib
import fcntl
import os
import struct
import termios
import threading

import lab
from lab import Wrong, ratio, spread, table

MIB = 1024**2
# What the live view is drawn on.
ROWS, COLUMNS = 24, 100
# How often it is drawn: the first time when a run is that old.
TICK_S = 0.1
# `-w ''` is the run without any report; it is talked about on no terminal.
NONE = ["-w", "", "-s"]


@contextlib.contextmanager
def terminal():
    """A terminal's path, and somebody who reads what is drawn there; yields its path and what has been drawn so far."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    drawn = bytearray()

    def read():
        with contextlib.suppress(OSError):
            while piece := os.read(master, 65536):
                drawn.extend(piece)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield os.ttyname(slave), drawn
    finally:
        os.close(slave)
        reader.join(5)
        os.close(master)


def lines_of(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file)


class Reports:
    def __init__(self, gfetch, folder, urls, count):
        self.gfetch, self.urls, self.count = gfetch, urls, count
        self.out, self.file = folder / "report.out", folder / "report.file"

    def run(self, *options, stderr=None, env=None):
        self.file.unlink(missing_ok=True)
        command = [self.gfetch, "--per-host", "0", "-j", "64", *options, "-i", self.urls]
        run = lab.run(command, stdout=self.out, stderr=stderr, env=env)
        if run.status:
            raise Wrong(f"gfetch {' '.join(options)}: exit status {run.status}")
        run.units = self.count
        return run

    def to_stdout(self, lines, *options):
        run = self.run(*options)
        if lines_of(self.out) != lines:
            raise Wrong(f"gfetch {' '.join(options)}: {lines_of(self.out)} lines, and should be {lines}")
        return run

    def to_file(self, marks, mark, *options):
        run = self.run(*NONE, *options, self.file)
        there = self.file.read_bytes().count(mark)
        if there < marks:
            raise Wrong(f"gfetch {options[0]}: {there} × {mark}, and should be {marks}")
        run.file_bytes = self.file.stat().st_size
        return run

    def on_terminal(self, progress):
        with terminal() as (path, drawn):
            env = lab.clean_environment() | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
            run = self.run("-w", "", "--progress", progress, stderr=path, env=env)
        # The summary is told anyway. A short run is over before anything is drawn.
        if progress == "auto" and b"in flight" not in drawn and run.wall_s > 3 * TICK_S:
            raise Wrong(f"gfetch --progress {progress} has drawn {bytes(drawn)}")
        return run

    def clients(self):
        return {
            "none (`-w ''`)": lambda: self.to_stdout(0, *NONE),
            "text, to a file": lambda: self.to_stdout(self.count, "-s"),
            "`--format json`, to a file": lambda: self.to_stdout(self.count, "-s", "--format", "json"),
            "`--format csv`, to a file": lambda: self.to_stdout(self.count + 1, "-s", "--format", "csv"),
            "`--resume FILE`": lambda: self.to_file(self.count, b"\n", "--resume"),
            "`--har FILE`": lambda: self.to_file(self.count, b'"startedDateTime"', "--har"),
            "`--report FILE.html`": lambda: self.to_file(self.count, b"/1k?", "--report"),
        }

    def views(self):
        return {
            "none, on a terminal": lambda: self.on_terminal("none"),
            "the live view": lambda: self.on_terminal("auto"),
        }


def cost(gfetch, folder, urls, count, rounds):
    """CPU of each report beside none, in one table."""
    title = f"reports of {count:,} URLs of 1 KiB (targets: json 1.05, resume 1.10)"
    return title, beside_the_first(rounds, Reports(gfetch, folder, urls, count).clients())


def view(gfetch, folder, urls, count, rounds):
    """The live view's CPU, of a list that takes long enough for it to be drawn several times."""
    title = f"the live view of {count:,} URLs of 1 KiB (target: 1.03)"
    return title, beside_the_first(rounds, Reports(gfetch, folder, urls, count).views())


def beside_the_first(rounds, clients):
    runs = lab.by_turns(rounds, clients)
    cpu = {name: [run.cpu_s / run.units * 1e6 for run in own] for name, own in runs.items()}
    none, *_ = clients
    rows = []
    for name, own in runs.items():
        shown = "" if name == none else ratio(cpu[name], cpu[none])
        rows.append([name, spread(cpu[name], 2), shown, f"{max(run.peak_bytes for run in own) / MIB:.1f}"])
    return table(["report", "client CPU, µs a request", "× none", "peak MiB"], rows)


def long_ones(gfetch, folder, urls, count, rounds):
    """What a page and an archive of many records take: the time beyond the same run without, and memory."""
    reports = Reports(gfetch, folder, urls, count)
    all_of_them = reports.clients()
    names = ["none (`-w ''`)", "`--har FILE`", "`--report FILE.html`"]
    runs = lab.by_turns(rounds, {name: all_of_them[name] for name in names})
    rows = []
    for name, own in runs.items():
        more = [run.wall_s - none.wall_s for run, none in zip(own, runs[names[0]])]
        size = getattr(own[-1], "file_bytes", 0) / MIB
        rows.append(
            [name, spread([run.wall_s for run in own], 2), spread(more, 2), f"{max(run.peak_bytes for run in own) / MIB:.1f}", f"{size:.1f}"]
        )
    head = ["report", "wall, s", "more than none, s", "peak MiB", "file, MiB"]
    title = f"a page and an archive of {count:,} records (target: constant memory, 5 s to write)"
    return title, table(head, rows)
