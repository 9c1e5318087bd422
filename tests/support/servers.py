"""Real servers on 127.0.0.1, each started by the test that needs it and gone with it.

    with SshServer(lab) as server:
        hub = server.hub("hub.git")          # a bare repository, looked at with plain git
        store.run("remote", "add", "origin", server.url("hub.git"))

SshServer      sshd, keys of its own; GIT_SSH in the lab's environment leads git and ctsync to its ssh_config
HttpServer     nginx, fcgiwrap and git http-backend; with a password, with TLS
PathServer     a folder, so that tests can be written for all of them
NoisyPath      the same with hooks that talk

Everything they need (configuration, keys, certificates, logs, pids) is below the lab's folder; ports are free
ones; they run as whoever runs the test, root in a container included. `port` names another port to be
reached through: that of a proxy (proxy.py) before the server. What a server runs as git can be replaced:
see `programs` and fakegit.py.
"""
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

from ctsync import Failure, Hub, Skip

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find(name):
    path = shutil.which(name, path=SYSTEM_PATH)
    if path is None:
        raise Skip(f"there is no {name} here")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def dies_with_parent():
    """Whatever ends a test, its servers end too."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Process:
    """A server's process: started, waited for until it listens, ended."""

    def __init__(self, lab, name, argv, port=None, stdin=subprocess.DEVNULL, env=None):
        self.log = lab.path(name + ".log")
        with open(self.log, "ab") as log:
            self.run = subprocess.Popen(argv, stdin=stdin, stdout=log, stderr=log, env=env or lab.env, cwd=lab.dir,
                                        start_new_session=True, preexec_fn=dies_with_parent)
        self.name = name
        if port is not None:
            self.wait_for(port)

    def wait_for(self, port):
        for _ in range(500):
            if self.run.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.end()
        raise Failure(f"{self.name} does not listen on port {port}: {self.said()}")

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-3000:]

    def end(self):
        if self.run.poll() is None:
            os.killpg(self.run.pid, signal.SIGTERM)
            try:
                self.run.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.run.pid, signal.SIGKILL)
                self.run.wait()


def start_on_free_port(start):
    """`start(port)` on a port that nobody takes in between; returns what it returns, and the port."""
    for attempt in range(5):
        port = free_port()
        try:
            return start(port), port
        except Failure:
            if attempt == 4:
                raise
    return None


class Server:
    """What all have in common: a folder of repositories below the lab."""

    name = "?"

    def __init__(self, lab):
        self.lab = lab
        self.processes = []
        self.root = lab.path("srv")
        os.makedirs(self.root, exist_ok=True)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, kind=None, *_):
        if kind not in (None, Skip):
            print(f"{self.name}: {self.said()}", file=sys.stderr)
        for process in reversed(self.processes):
            process.end()

    def start(self):
        pass

    def said(self):
        """What its processes wrote into their logs, for whoever looks at a test that failed."""
        logs = [process.log for process in self.processes]
        if hasattr(self, "dir"):
            logs.append(os.path.join(self.dir, "nginx-error.log"))
        found = []
        for log in filter(os.path.exists, logs):
            with open(log, encoding="utf-8", errors="replace") as f:
                found.append(f.read()[-2000:])
        return "".join(found) or "no word in the logs"

    def hub(self, name="hub.git"):
        hub = Hub(self.lab, os.path.join(self.root, name))
        self.lab.execute(["git", "init", "-q", "--bare", "-b", "main", hub.path])
        hub.git("config", "http.receivepack", "true")
        return hub

    def hook(self, hub, script, name="pre-receive"):
        """A hook, as a shell script; None takes it away."""
        path = os.path.join(hub.path, "hooks", name)
        if script is None:
            os.unlink(path)
        else:
            write(path, "#!/bin/sh\n" + script, 0o755)


class PathServer(Server):
    name = "path"

    def url(self, name="hub.git", port=None):
        return os.path.join(self.root, name)


class NoisyPath(PathServer):
    """Hooks make git receive-pack do the work."""

    name = "path with hooks"

    def hub(self, name="hub.git"):
        hub = super().hub(name)
        self.hook(hub, "echo 'the hub greets you' >&2\ncat >/dev/null\nexit 0\n")
        self.hook(hub, "exit 0\n", "update")
        return hub


# ---- ssh ------------------------------------------------------------------------------------------


class SshServer(Server):
    name = "ssh"

    def start(self):
        lab, sshd, keygen = self.lab, find("sshd"), find("ssh-keygen")
        find("ssh")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
        if os.path.basename(pwd.getpwuid(os.geteuid()).pw_shell) in ("false", "nologin"):
            raise Skip("who runs this has no shell to log in to")
        for name in ("hostkey", "otherhostkey", "userkey", "strangerkey"):
            lab.execute([keygen, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", lab.path(name)])
        shutil.copy(lab.path("userkey.pub"), lab.path("authorized"))
        self.session = lab.path("session")
        self.programs()
        config = write(lab.path("sshd_config"), "\n".join([
            "ListenAddress 127.0.0.1", f"HostKey {lab.path('hostkey')}", f"AuthorizedKeysFile {lab.path('authorized')}",
            "PidFile none", "StrictModes no", "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
            # A flipped length makes either side wait for the rest of a packet: not for ever.
            "LoginGraceTime 6", "ClientAliveInterval 3", "ClientAliveCountMax 2", "PermitRootLogin yes", "PrintMotd no", "MaxStartups 200", "KexAlgorithms curve25519-sha256",
            f"ForceCommand {self.session}", "LogLevel ERROR",
            f"SetEnv HOME={lab.env['HOME']}",  # a shell that sshd runs reads the .bashrc of a person otherwise
            ""]))
        process, self.port = start_on_free_port(
            lambda port: Process(lab, "sshd", [sshd, "-D", "-e", "-f", config, "-p", str(port)], port))
        self.processes.append(process)
        self.known = write(lab.path("known_hosts"), f"lab {' '.join(open(lab.path('hostkey.pub')).read().split()[:2])}\n")
        self.config = self.client("ssh_config", "userkey", self.known)
        lab.env["GIT_SSH"] = self.wrapper("ssh-for-git", self.config)
        lab.env["GIT_SSH_VARIANT"] = "ssh"
        result = lab.execute([lab.env["GIT_SSH"], "-p", str(self.port), "127.0.0.1", "true"], ok=None)
        if result.status != 0:
            raise Failure(f"nobody can log in to sshd: {result.err}{process.said()}")

    def client(self, name, key, known):
        """An ssh_config; the host has one name whatever port leads to it."""
        return write(self.lab.path(name), "\n".join([
            "Host *", f"\tUser {pwd.getpwuid(os.geteuid()).pw_name}", "\tHostKeyAlias lab", f"\tIdentityFile {self.lab.path(key)}",
            "\tIdentitiesOnly yes", "\tIdentityAgent none", f"\tUserKnownHostsFile {known}",
            "\tGlobalKnownHostsFile /dev/null", "\tStrictHostKeyChecking yes", "\tPasswordAuthentication no",
            "\tKbdInteractiveAuthentication no", "\tUpdateHostKeys no", "\tServerAliveInterval 5",
            "\tServerAliveCountMax 1", ""]))

    def wrapper(self, name, config):
        return write(self.lab.path(name), f'#!/bin/sh\nexec {find("ssh")} -F {config} "$@"\n', 0o755)

    def as_stranger(self):
        """The environment of someone whose key is not known there."""
        return {"GIT_SSH": self.wrapper("ssh-stranger", self.client("stranger_config", "strangerkey", self.known))}

    def as_newcomer(self):
        """The environment of someone who does not know the host yet."""
        return {"GIT_SSH": self.wrapper("ssh-newcomer", self.client("newcomer_config", "userkey", "/dev/null"))}

    def as_deceived(self):
        """The environment of someone who knows the host by another key."""
        key = " ".join(open(self.lab.path("otherhostkey.pub")).read().split()[:2])
        known = write(self.lab.path("known_other"), f"lab {key}\n")
        return {"GIT_SSH": self.wrapper("ssh-deceived", self.client("deceived_config", "userkey", known))}

    def programs(self, path=SYSTEM_PATH, before=""):
        """What a session finds: `path`, or nothing of git with "/nowhere"; `before` is run first."""
        write(self.session, "#!/bin/sh\n"
              f"export PATH={path} HOME={self.lab.env['HOME']} GIT_CONFIG_NOSYSTEM=1 LC_ALL=C.UTF-8\n"
              f"export GIT_CONFIG_GLOBAL={self.lab.env['GIT_CONFIG_GLOBAL']}\n"
              f'cd "$HOME"\n{before}\n'
              'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n', 0o755)

    def url(self, name="hub.git", port=None):
        return f"ssh://127.0.0.1:{port or self.port}{self.root}/{name}"


# ---- http -----------------------------------------------------------------------------------------

NGINX = """
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
	access_log {dir}/nginx-access.log;
	client_body_temp_path {dir}/body;
	fastcgi_temp_path {dir}/fastcgi;
	proxy_temp_path {dir}/proxy;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	client_max_body_size 0;
	client_body_timeout 3s;
	keepalive_timeout 3s;
	upstream git {{
		# Thrice: a connection that fails is tried again.
		server 127.0.0.1:{inner} max_fails=0;
		server 127.0.0.1:{inner} max_fails=0;
		server 127.0.0.1:{inner} max_fails=0;
	}}
	server {{
		listen 127.0.0.1:{port}{tls};
		{certificate}
		{password}
		location / {{
			fastcgi_pass git;
			fastcgi_read_timeout 300;
			fastcgi_ignore_client_abort on;
			# fcgiwrap now and then answers with what is left of an earlier, broken off talk.
			fastcgi_next_upstream error timeout invalid_header non_idempotent;
			fastcgi_next_upstream_tries 3;
			fastcgi_param SCRIPT_FILENAME {backend};
			fastcgi_param GIT_PROJECT_ROOT {root};
			fastcgi_param GIT_HTTP_EXPORT_ALL 1;
			fastcgi_param PATH_INFO $uri;
			fastcgi_param QUERY_STRING $query_string;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param CONTENT_TYPE $content_type;
			fastcgi_param CONTENT_LENGTH $content_length;
			fastcgi_param REMOTE_ADDR $remote_addr;
			fastcgi_param REMOTE_USER $remote_user;
			fastcgi_param GIT_PROTOCOL $http_git_protocol;
		}}
	}}
}}
"""


class HttpServer(Server):
    """`users`: name -> password; `tls`: True for https with a certificate of the lab's own authority."""

    name = "http"

    def __init__(self, lab, users=None, tls=False):
        super().__init__(lab)
        self.users, self.tls = users, tls
        self.name = ("https" if tls else "http") + (" with a password" if users else "")
        self.dir = lab.path(f"http{lab.__dict__.setdefault('http_servers', 0)}")
        lab.http_servers += 1
        os.mkdir(self.dir)
        self.host = "localhost" if tls else "127.0.0.1"

    def start(self):
        lab, nginx = self.lab, find("nginx")
        backend = os.path.join(lab.execute(["git", "--exec-path"]).out.strip(), "git-http-backend")
        # fcgiwrap takes the socket it is given as its input, so nothing has to be waited for.
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.programs()
        certificate = ""
        if self.tls:
            self.make_certificates()
            certificate = f"ssl_certificate {self.dir}/cert.pem; ssl_certificate_key {self.dir}/key.pem;"
        password = ""
        if self.users:
            lines = "".join(f"{name}:{{PLAIN}}{word}\n" for name, word in self.users.items())
            password = f'auth_basic "the hub"; auth_basic_user_file {write(self.dir + "/users", lines)};'

        def start(port):
            text = NGINX.format(dir=self.dir, port=port, tls=" ssl" if self.tls else "", certificate=certificate,
                                password=password, backend=backend, root=self.root,
                                inner=self.socket.getsockname()[1])
            config = write(os.path.join(self.dir, "nginx.conf"), text)
            return Process(lab, "nginx", [nginx, "-p", self.dir, "-e", self.dir + "/nginx-error.log", "-c", config], port)

        process, self.port = start_on_free_port(start)
        self.processes.append(process)

    def __exit__(self, *why):
        super().__exit__(*why)
        if hasattr(self, "socket"):
            self.socket.close()

    def programs(self, folder=None):
        """What runs http-backend's programs: git's own, or those of `folder`."""
        env = {k: self.lab.env[k] for k in ("HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "LC_ALL")}
        env["PATH"] = SYSTEM_PATH
        if folder:
            env["GIT_EXEC_PATH"] = folder
        for process in [p for p in self.processes if p.name == "fcgiwrap"]:
            process.end()
            self.processes.remove(process)
        self.processes.append(Process(self.lab, "fcgiwrap", [find("fcgiwrap"), "-c", "4"], stdin=self.socket, env=env))

    def make_certificates(self):
        openssl, d = find("openssl"), self.dir

        def run(*argv):
            self.lab.execute([openssl, *argv])

        for name in ("ca", "key"):
            run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{d}/{name}.pem")
        self.authority = f"{d}/authority.pem"
        run("req", "-new", "-x509", "-key", f"{d}/ca.pem", "-days", "2", "-subj", "/CN=Lab authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.authority)
        run("req", "-new", "-key", f"{d}/key.pem", "-subj", "/CN=localhost", "-out", f"{d}/request.pem")
        extensions = write(f"{d}/extensions", "subjectAltName=DNS:localhost\n")
        run("x509", "-req", "-in", f"{d}/request.pem", "-CA", self.authority, "-CAkey", f"{d}/ca.pem",
            "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", f"{d}/cert.pem")

    def trust(self):
        """The lab's own authority is trusted from now on, by git and by ctsync."""
        self.lab.env["GIT_SSL_CAINFO"] = self.authority

    def give_password(self, user, word):
        """git's credential helper knows it."""
        path = self.lab.path("credentials")
        scheme = "https" if self.tls else "http"
        write(path, f"{scheme}://{user}:{word}@{self.host}:{self.port}\n", 0o600)
        self.lab.execute(["git", "config", "-f", self.lab.env["GIT_CONFIG_GLOBAL"], "credential.helper",
                          f"store --file={path}"])

    def url(self, name="hub.git", port=None):
        return f"{'https' if self.tls else 'http'}://{self.host}:{port or self.port}/{name}"
