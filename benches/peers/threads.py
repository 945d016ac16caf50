"""`--threads`: how much more two processors fetch than one, where the client is what is busy."""

import gzip
import os
import random

import lab
from lab import Wrong, ratio, spread, table

MIB = 1024**2
# Of gzip bodies, all in all: as many large as small ones take about as long.
LARGE_BYTES, SMALL_BYTES = 8 * MIB, MIB


def case(bench):
    coded(bench)
    large = bench.size.coded
    small = large * LARGE_BYTES // SMALL_BYTES
    works = [
        ("gzip bodies of 1 MiB", small, f"gzip/{SMALL_BYTES}", SMALL_BYTES, ["-j", "16"]),
        ("gzip bodies of 8 MiB", large, f"gzip/{LARGE_BYTES}", LARGE_BYTES, ["-j", "16"]),
        ("1 KiB", bench.size.small, "1k", 1024, ["-j", "64"]),
    ]
    rows = []
    for name, count, path, body_bytes, options in works:
        urls = bench.list("threads", (f"{bench.base}/{path}?{n}" for n in range(count)))
        clients = {n: lambda n=n: fetch(bench, urls, count, body_bytes, [*options, "--threads", n]) for n in (1, 2)}
        runs = lab.by_turns(bench.size.rounds, clients)
        for n, own in runs.items():
            walls = [run.wall_s for run in own]
            rows.append([
                f"{count:,} × {name}, `--threads {n}`",
                spread([wall / count * 1e6 for wall in walls], 1),
                spread([run.cpu_s / count * 1e6 for run in own], 1),
                ratio([run.wall_s for run in runs[1]], walls),
            ])
    head = ["work", "wall, µs a request", "client CPU, µs a request", "× the throughput of one thread"]
    note = (
        "A list ends when its last body does: of large ones up to sixteen are under way then, and one thread may have none of them left"
        " while the other still decodes several, which of 200 is some per cent. "
        "The client may use both processors. nginx has no other: what it uses of one (next to nothing for the large bodies, about as"
        " much as the client for the small ones) the second thread cannot have, so that the last work shows no doubling here."
    )
    return "one thread and two (target: 1.8 × where the server is elsewhere)", f"{table(head, rows)}\n\n{note}"


def coded(bench):
    """Text that comes in an eighth of its size or so: what is decoded is the work, not what is received."""
    folder = bench.dir / "www/gzip"
    folder.mkdir()
    words, seeded = [], random.Random(7)
    for _ in range(4000):
        words.append("".join(seeded.choices("etaoinshrdlucmfwypvbgkjqxz", k=seeded.randint(2, 9))))
    text = " ".join(seeded.choices(words, weights=[1 / (n + 1) for n in range(4000)], k=1 << 18)).encode()
    for count in (SMALL_BYTES, LARGE_BYTES):
        body = (text * (count // len(text) + 1))[:count]
        (folder / str(count)).write_bytes(gzip.compress(body, 6))


def fetch(bench, urls, count, body_bytes, options):
    out = bench.dir / "records"
    command = [bench.gfetch, *options, "--per-host", "0", "--format", "json", "-i", urls]
    cpus = set(range(os.cpu_count()))
    run = lab.run(command, stdout=out, stderr=bench.dir / "talk", cpus=cpus)
    good = out.read_text().count(f'"bytes":{body_bytes},')
    if run.status or good != count:
        raise Wrong(f"gfetch: {good} of {count} bodies, exit {run.status}")
    run.units = count
    return run
