"""The laboratory: servers on one processor, clients on another, what a client costs, tables of medians."""

import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import threading
import time

SERVER_CPU, CLIENT_CPU = ({1}, {0}) if os.cpu_count() > 1 else ({0}, {0})
# The client's address space is looked at this often. Only what grew in its last moment is missed.
PEAK_EVERY_S = 0.005


class Wrong(Exception):
    """A client did not do the work whose time is to be compared."""


class Run:
    """What one run of a client cost."""

    def __init__(self, wall_s, cpu_s, peak_bytes, status, units=1):
        self.wall_s, self.cpu_s, self.peak_bytes, self.status, self.units = wall_s, cpu_s, peak_bytes, status, units


def run(command, stdout=None, stderr=None, peak=True, watch=None, env=None, cpus=CLIENT_CPU):
    """Runs a client on its processor, or on `cpus`. `watch(pid, rss_bytes)` is called as its memory is looked at.

    The peak is /proc's VmHWM and not rusage's maxrss: that one also holds what this script had when it forked.
    """
    files = [os.open(path or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for path in (stdout, stderr)]
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, file, at + 1) for at, file in enumerate(files)]
    program = shutil.which(str(command[0])) or str(command[0])
    done, peaks = threading.Event(), [0]
    os.sched_setaffinity(0, cpus)
    started = time.perf_counter()
    pid = os.posix_spawn(program, [str(word) for word in command], env or clean_environment(), file_actions=actions)
    os.sched_setaffinity(0, SERVER_CPU)
    watcher = threading.Thread(target=watch_memory, args=(pid, done, peaks, watch)) if peak or watch else None
    if watcher:
        watcher.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    done.set()
    if watcher:
        watcher.join()
    for file in files:
        os.close(file)
    return Run(wall, usage.ru_utime + usage.ru_stime, peaks[0], os.waitstatus_to_exitcode(status))


def clean_environment():
    """No proxies and no start-up files: every client goes straight to the server."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}


def watch_memory(pid, done, peaks, watch):
    while not done.wait(PEAK_EVERY_S):
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        fields = dict(re.findall(r"^(VmHWM|VmRSS):\s+(\d+) kB", status, re.M))
        peaks[0] = max(peaks[0], int(fields.get("VmHWM", 0)) * 1024)
        if watch and "VmRSS" in fields:
            watch(pid, int(fields["VmRSS"]) * 1024)


class Server:
    """A server in the foreground, on its processor, ended with the `with` block."""

    def __init__(self, command, ready, stdout=subprocess.DEVNULL):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            preexec_fn=lambda: os.sched_setaffinity(0, SERVER_CPU),
        )
        ready(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def nginx(root, port, tls_port, h2_port, h2c_port):
    """One worker that serves the files of `root`, keeps connections and logs nothing; but over TLS below /close/ it does
    not keep them, and notes in tls.log whether each resumed a session. By HTTP/2 it notes each request's connection in
    h2.log, and sends at once: held back by tcp_nopush, the end of an answer waits 40 ms for an acknowledgement."""
    config = root / "nginx.conf"
    certificate(root)
    config.write_text(
        f"""
        daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/error.log;
        events {{ worker_connections 16384; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 300s;
            client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
            uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5; open_file_cache max=100;
            server {{
                listen 127.0.0.1:{port} backlog=4096; root {root}/www;
                location /gzip/ {{ add_header Content-Encoding gzip; }}
            }}
            log_format tls '$ssl_session_reused';
            log_format h2 '$connection';
            server {{
                listen 127.0.0.1:{h2_port} ssl http2; listen 127.0.0.1:{h2c_port} http2; root {root}/www;
                ssl_certificate {root}/cert.pem; ssl_certificate_key {root}/key.pem; ssl_protocols TLSv1.3;
                tcp_nopush off; access_log {root}/h2.log h2;
            }}
            server {{
                listen 127.0.0.1:{tls_port} ssl backlog=4096; root {root}/www;
                ssl_certificate {root}/cert.pem; ssl_certificate_key {root}/key.pem; ssl_session_tickets on;
                ssl_protocols TLSv1.2 TLSv1.3;
                location /close/ {{ alias {root}/www/; keepalive_timeout 0; access_log {root}/tls.log tls; }}
            }}
        }}
        """
    )
    def ready(_):
        import socket
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise SystemExit(f"nginx did not start: {(root / 'error.log').read_text()}")

    return Server(["nginx", "-c", config, "-e", root / "error.log"], ready)


def certificate(root):
    """The server's certificate for `localhost`, which signs itself, and its key."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", root / "key.pem", "-out", root / "cert.pem"],
        check=True, capture_output=True,
    )


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_descriptor_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def by_turns(rounds, clients):
    """Runs each client once in every round, the order reversed in every second; name → runs. Nothing is kept of a wrong run."""
    runs = {name: [] for name in clients}
    for turn in range(rounds):
        names = list(clients) if turn % 2 == 0 else list(reversed(clients))
        for name in names:
            runs[name].append(clients[name]())
    return runs


def spread(values, digits):
    """`median (lowest … highest)`."""
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({min(values):.{digits}f} … {max(values):.{digits}f})"


def ratio(ours, theirs):
    """The median of the ratios of runs in the same round, with its range."""
    return spread([a / b for a, b in zip(ours, theirs)], 2)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def machine():
    """The date, and what the figures were taken on."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    name = cpu[1] if cpu else os.uname().machine
    load = os.getloadavg()[0]
    return (
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, {name}, {os.cpu_count()} processors, Linux {os.uname().release}, "
        f"server on CPU {min(SERVER_CPU)}, clients on CPU {min(CLIENT_CPU)}, load {load:.1f} at the start"
    )
