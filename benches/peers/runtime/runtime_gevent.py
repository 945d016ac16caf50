"""gevent's side of `benches/peers/run runtime`: greenlets on one hub."""

import json
import re
import sys
import time

import gevent
from gevent import socket
from gevent.event import Event
from gevent.queue import Queue
from gevent.server import StreamServer

MESSAGE = b"7" * 64


def measure(operations, work):
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    work()
    return {"operations": operations, "wall_ns": time.perf_counter_ns() - wall, "cpu_ns": time.process_time_ns() - cpu, "bytes": 0}


def memory_bytes():
    with open("/proc/self/status") as file:
        return sum(int(kib) * 1024 for kib in re.findall(r"^Vm(?:RSS|PTE):\s+(\d+) kB", file.read(), re.M))


def yield_among(size, operations):
    each = max(operations // size, 4)

    def yields():
        for _ in range(each):
            gevent.sleep(0)

    tasks = [gevent.spawn(yields) for _ in range(size)]
    gevent.sleep(0)
    return measure((each - 1) * size, lambda: gevent.joinall(tasks))


def spawn_at_once(size, _=0):
    def work():
        tasks = [gevent.spawn(lambda n: n, n) for n in range(size)]
        gevent.joinall(tasks)
        assert sum(task.value for task in tasks) == size * (size - 1) // 2

    return measure(size, work)


def spawn_in_batches(size, operations):
    batches = max(operations // size, 1)
    spawn_at_once(size)

    def work():
        for _ in range(batches):
            spawn_at_once(size)

    return measure(batches * size, work)


def ring(size, operations):
    queues = [Queue(1) for _ in range(size)]
    done = Event()

    def member(own, next_one):
        while True:
            left = own.get()
            if left == 0:
                return done.set()
            next_one.put(left - 1)

    tasks = [gevent.spawn(member, queues[at], queues[(at + 1) % size]) for at in range(size)]
    gevent.sleep(0)

    def work():
        queues[0].put(operations)
        done.wait()

    cost = measure(operations, work)
    gevent.killall(tasks)
    return cost


def receive(connection):
    left = len(MESSAGE)
    while left:
        part = connection.recv(left)
        if not part:
            return False
        left -= len(part)
    return True


def echo_clients(size, operations):
    each = max(operations // size, 1)

    def echo(connection, _):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while receive(connection):
            connection.sendall(MESSAGE)

    server = StreamServer(("127.0.0.1", 0), echo, backlog=1024)
    server.start()
    ready, start = Queue(), Event()

    def exchange(connection):
        connection.sendall(MESSAGE)
        assert receive(connection)

    def client():
        connection = socket.create_connection(("127.0.0.1", server.server_port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        exchange(connection)
        ready.put(None)
        start.wait()
        for _ in range(each):
            exchange(connection)

    clients = [gevent.spawn(client) for _ in range(size)]
    for _ in range(size):
        ready.get()

    def work():
        start.set()
        gevent.joinall(clients, raise_error=True)

    return measure(each * size, work)


def sleepers(size, operations):
    each = max(operations // size, 1)

    def sleeps(n):
        for _ in range(each):
            gevent.sleep((10 + n % 90) / 1000)

    return measure(each * size, lambda: gevent.joinall([gevent.spawn(sleeps, n) for n in range(size)]))


def parked(size, _=0):
    before, event, taken = memory_bytes(), Event(), []

    def work():
        tasks = [gevent.spawn(event.wait) for _ in range(size)]
        gevent.sleep(0)
        taken.append(memory_bytes() - before)
        event.set()
        gevent.joinall(tasks)

    return measure(size, work) | {"bytes": taken[0]}


CASES = {
    "yield": yield_among,
    "spawn-cold": spawn_at_once,
    "spawn-warm": spawn_in_batches,
    "ring": ring,
    "pingpong": lambda size, operations: echo_clients(1, operations),
    "echo": echo_clients,
    "sleepers": sleepers,
    "parked": parked,
}

if __name__ == "__main__":
    case, size, operations = sys.argv[1:]
    print(json.dumps(CASES[case](int(size), int(operations))))
