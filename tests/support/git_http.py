#!/usr/bin/python3
"""git http-backend on a port of 127.0.0.1, for tests: the folder named serves its repositories.

    git_http.py ROOT LOG

Prints the port, and ends when its input does. LOG gets a line a request; of a push, the references named.
A file ROOT/fault changes what comes back: a status ("500"), "html", "redirect URL", "stall" (nothing), "cut" (half
of an answer to a fetch), "leave" (it hangs up after a list and logs "left"). A file ROOT/password, "user:password",
is asked for.
"""
import base64
import http.server
import os
import re
import socket
import socketserver
import subprocess
import sys
import threading
import time

ROOT, LOG = sys.argv[1], sys.argv[2]


def setting(name):
    """What a file of ROOT says; "" when it is not there."""
    try:
        with open(os.path.join(ROOT, name), encoding="ascii") as f:
            return f.read().strip()
    except FileNotFoundError:
        return ""


def pushed(body):
    """The references that a push names: pkt-lines `OLD NEW NAME` up to a flush."""
    while re.match(rb"[0-9a-f]{4}", body) and (size := int(body[:4], 16)) > 4:
        words = body[4:size].split(b"\0")[0].split()
        if len(words) == 3 and len(words[0]) == len(words[1]) == 40:
            yield words[2].decode()
        body = body[size:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def answer(self):
        path, _, query = self.path.partition("?")
        body, fault = self.body(), setting("fault")
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(" ".join([self.command, self.path, *pushed(body)]) + "\n")
        password = base64.b64encode(setting("password").encode()).decode()
        if password and self.headers.get("Authorization") != "Basic " + password:
            fault = "401"
        if fault == "stall":
            time.sleep(3600)
        if fault.isdigit() or fault.startswith("redirect "):
            self.send_response(int(fault) if fault.isdigit() else 301)
            if fault == "401":
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            if not fault.isdigit():
                self.send_header("Location", fault.split()[1] + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        env = os.environ | {
            "GIT_PROJECT_ROOT": ROOT, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "127.0.0.1", "REMOTE_USER": "tester",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        if fault == "html":
            out = b"Content-Type: text/html\r\n\r\n<h1>Welcome</h1>"
        else:
            backend = ["git", "http-backend"]
            out = subprocess.run(backend, input=body, env=env, stdout=subprocess.PIPE, check=False).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in lines if name == "Status"), 200)
        self.send_response(status)
        for name, value in lines:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if fault == "cut" and path.endswith("git-upload-pack"):
            rest, self.close_connection = rest[:len(rest) // 2], True
        self.wfile.write(rest)
        if fault == "leave" and self.command == "GET":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            with open(LOG, "a", encoding="utf-8") as log:
                log.write("left\n")

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
