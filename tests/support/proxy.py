"""A bad network: a TCP proxy before a server of the lab that counts bytes and harms them where it is told.

    with CuttingProxy(server.port) as proxy:
        store.run("remote", "set-url", "origin", server.url(port=proxy.port))
        store.run("push")
        size = proxy.counts()["up"]             # bytes from the client to the server in this exchange
        proxy.arm("cut", "up", size // 2)       # the next exchange ends in its middle
        store.run("push", ok=(60,))
        proxy.heal()

What is counted goes over all connections since arm() or heal(), in the order in which bytes pass, so a
sweep over 0..size meets every point of an exchange. Of the N bytes before that point every one is passed on.

cut      both sides are told that the connection has ended, as by a server that goes down
reset    both sides get a reset
stall    nothing comes any more, and nobody is told
flip     one bit of the byte at the offset is another; all else goes on
delay    the byte at the offset comes a while later; all else goes on
crumbs   from the offset on the bytes come in pieces of a few

After a cut, reset or stall the network stays down until heal(): new connections fare alike.
"""
import select
import socket
import struct
import threading
import time

ENDING = ("cut", "reset", "stall")


class CuttingProxy:
    def __init__(self, target, host="127.0.0.1"):
        self.target, self.host = target, host
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.open = set()
        self.is_closed = False
        self.heal()

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.is_closed = True
        self.heal()
        socket.create_connection((self.host, self.port)).close()  # wakes the listener
        self.listener.close()

    # -- what a test says --

    def arm(self, fault, direction, offset, bit=0, seconds=0.2):
        """`direction`: "up", client to server, or "down"."""
        self.heal()
        with self.lock:
            self.fault, self.direction, self.offset = fault, direction, offset
            self.bit, self.seconds = bit, seconds

    def heal(self):
        """No fault; counts from 0; connections of before are gone."""
        with self.lock:
            self.fault = self.direction = None
            self.offset, self.is_down, self.has_fired = 0, False, False
            self.passed = {"up": 0, "down": 0}
            self.connections = 0
            old, self.open = self.open, set()
        for s in old:
            end(s, "cut")

    def counts(self):
        with self.lock:
            return dict(self.passed)

    # -- connections --

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_closed:
                client.close()
                return
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        with self.lock:
            self.connections += 1
            down = self.fault if self.is_down else None
        if down in ("cut", "reset"):
            return end(client, down)
        try:
            server = socket.create_connection((self.host, self.target))
        except OSError:
            return end(client, "reset")
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.open |= {client, server}
        try:
            self.pump(client, server)
        finally:
            with self.lock:
                fault = self.fault if self.is_down else "cut"
                self.open -= {client, server}
            end(client, fault)
            end(server, fault)
        return None

    def pump(self, client, server):
        """Until both sides have ended, or a fault ends them."""
        sides = {client: (server, "up"), server: (client, "down")}
        while sides:
            try:
                readable, _, _ = select.select(list(sides), [], [])
            except (OSError, ValueError):
                return  # heal() has closed them
            for source in readable:
                if source not in sides:
                    continue
                target, direction = sides[source]
                try:
                    data = source.recv(65536)
                except OSError:
                    return
                if not data:
                    del sides[source]
                    if self.is_down:
                        if self.fault == "stall" and source is server:
                            continue  # the client does not hear of it
                        return
                    try:
                        target.shutdown(socket.SHUT_WR)
                    except OSError:
                        return
                    continue
                try:
                    if not self.pass_on(target, direction, data):
                        return
                except OSError:
                    return

    def pass_on(self, target, direction, data):
        """Sends what may pass. False: the connection is to end."""
        with self.lock:
            if self.is_down:
                return self.fault == "stall"
            fault, at = self.fault, self.offset - self.passed[direction]
            if fault is None or direction != self.direction or at >= len(data):
                self.passed[direction] += len(data)
                fault = None
            elif fault in ENDING:
                data = data[:at] if at > 0 else b""
                self.passed[direction] += len(data)
                self.is_down = self.has_fired = True
            else:
                self.passed[direction] += len(data)
        if fault is None or fault in ENDING:
            target.sendall(data)
            return fault in (None, "stall")
        at = max(at, 0)
        self.has_fired = True
        if fault == "crumbs":
            target.sendall(data[:at])
            for n in range(at, len(data), 5):
                target.sendall(data[n:n + 5])
            return True
        if self.passed[direction] - len(data) <= self.offset < self.passed[direction]:
            if fault == "flip":
                data = data[:at] + bytes([data[at] ^ 1 << self.bit]) + data[at + 1:]
            else:
                target.sendall(data[:at])
                time.sleep(self.seconds)
                data = data[at:]
        target.sendall(data)
        return True


def end(connection, fault):
    try:
        if fault == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
