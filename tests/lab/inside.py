"""Brings the lab up inside its namespace, runs a command with it, and takes it down: inside.py FOLDER COMMAND…

The command finds `TIDB_DMS_LAB`, a JSON file that says where everything is. Its exit code is ours.
"""
import glob
import json
import os
import signal
import socket
import subprocess
import sys
import time

import world

HERE = os.path.dirname(os.path.abspath(__file__))


class Lab:
    """The processes of one run, and what couldn't be had."""

    def __init__(self, folder):
        self.folder, self.processes, self.skipped, self.versions = folder, [], {}, {}
        self.certificates = os.environ["TIDB_DMS_LAB_CERTIFICATES"]

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, name, *command, **options):
        with open(self.path(f"{name}.out"), "w") as log:
            process = subprocess.Popen(command, stdout=options.pop("stdout", log), stderr=log, text=True, **options)
        self.processes.append((name, process))
        return process

    def log(self, name):
        with open(self.path(f"{name}.out")) as file:
            return file.read().strip()

    def fail(self, name, why):
        told = [self.log(name)]
        for path in sorted(glob.glob(os.path.join(glob.escape(self.path(name)), "*.log"))):
            with open(path, errors="replace") as file:
                told.append(f"{os.path.basename(path)}: {file.read().strip()[-2000:]}")
        raise SystemExit(f"lab: {name} didn't start: {why}\n" + "\n".join(line for line in told if line))

    def await_port(self, name, process, address, port, seconds=90):
        """Waits for a server; False when it isn't to be had on this machine."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if process.poll() is not None:
                if process.returncode == 77:
                    self.skipped[name] = self.log(name)
                    return False
                self.fail(name, f"exit code {process.returncode}")
            try:
                socket.create_connection((address, port), 1).close()
                return True
            except OSError:
                time.sleep(0.05)
        self.fail(name, f"nothing listens after {seconds} s")

    # The services.

    def dns(self):
        zone = ["$TTL 60", ". SOA a.lab. b.lab. 1 60 60 60 60", ". NS a.lab.", "a.lab. A 127.0.0.1"]
        for host, addresses in {**world.ADDRESSES, **world.BAD_ADDRESSES}.items():
            for alias in world.CHAINS.get(host, []):
                zone.append(f"{host}. CNAME {alias}.")
                host = alias
            zone += [f"{host}. A {address}" for address in addresses]
        # The server of this one has no address: the resolver gives up with SERVFAIL.
        zone += [f"{world.BROKEN_NAME}. NS nobody.lab."]
        with open(self.path("root.zone"), "w") as file:
            file.write("\n".join(zone) + "\n")
        with open(self.path("unbound.conf"), "w") as file:
            file.write(f"""
server:
    interface: {world.RESOLVER}
    interface: 127.0.0.53
    access-control: 0.0.0.0/0 allow
    do-ip6: no
    do-daemonize: no
    chroot: ""
    username: ""
    directory: "{self.folder}"
    pidfile: "{self.path('unbound.pid')}"
    use-syslog: no
    do-not-query-localhost: no
    module-config: "iterator"
    local-zone: "{world.SILENT_NAME}." deny
    local-zone: "10.in-addr.arpa." nodefault
remote-control:
    control-enable: no
auth-zone:
    name: "."
    zonefile: "{self.path('root.zone')}"
    for-downstream: no
    for-upstream: yes
""")
        process = self.start("dns", "unbound", "-c", self.path("unbound.conf"))
        self.await_port("dns", process, world.RESOLVER, 53)

    def aws(self):
        process = self.start("aws", os.path.join(HERE, "aws/start"), "--port", str(world.AWS_PORT))
        self.await_port("aws", process, "127.0.0.1", world.AWS_PORT)

    def tidb_cloud(self):
        process = self.start("tidb-cloud", sys.executable, os.path.join(HERE, "tidb_cloud.py"), str(world.TIDB_CLOUD_PORT))
        self.await_port("tidb-cloud", process, "127.0.0.1", world.TIDB_CLOUD_PORT)

    def ours(self):
        with open(self.path("servers.json"), "w") as file:
            json.dump({"certificates": self.certificates, "servers": world.servers()}, file)
        process = self.start("servers", sys.executable, "-u", os.path.join(HERE, "servers.py"), self.path("servers.json"))
        last = world.servers()[-1]
        self.await_port("servers", process, last["addresses"][0], last["port"])

    def database(self, name, host, *command):
        """A real server, with the lab's certificates, on its own address."""
        folder = self.path(name)
        os.mkdir(folder)
        authority, identity = ("ca", "right") if name == "tidb" else ("rds-ca", "rds")
        for ours, theirs in ((f"{authority}.pem", "ca.pem"), (f"{identity}.pem", "server.pem"), (f"{identity}.key", "server.key")):
            with open(os.path.join(self.certificates, ours)) as source, open(os.path.join(folder, theirs), "w") as copy:
                copy.write(source.read())
        with open(os.path.join(folder, "init.sql"), "w") as file:
            file.write(world.source_sql())
        address = world.ADDRESSES[host][0]
        port = 4000 if name == "tidb" else 3306
        filled = [part.format(folder=folder, address=address, port=port) for part in command]
        return name, self.start(name, *filled), address, port

    def up(self):
        self.dns()
        started = [
            self.database("mysql", world.RDS, os.path.join(HERE, "mysql/start"), "{folder}", "{address}", "{port}"),
            self.database("mariadb", world.MARIA, os.path.join(HERE, "mariadb/start"), "{folder}", "{port}", "{address}"),
            self.database("tidb", world.REAL, os.path.join(HERE, "tidb/start"), "{folder}", "{address}", "{port}"),
        ]
        self.ours()
        self.aws()
        self.tidb_cloud()
        for name, process, address, port in started:
            if self.await_port(name, process, address, port):
                self.versions[name] = greeting(address, port)
        if "mysql" in self.skipped and "mariadb" not in self.skipped:
            # Somebody has to play the RDS database, or no topology is healthy.
            name, process, address, port = self.database(
                "rds", world.RDS, os.path.join(HERE, "mariadb/start"), "{folder}", "{port}", "{address}")
            self.await_port(name, process, address, port)
        with open(self.path("lab.json"), "w") as file:
            json.dump(self.describe(), file, indent=1)

    def describe(self):
        return {"aws": f"http://127.0.0.1:{world.AWS_PORT}",
                "tidb_cloud": f"http://127.0.0.1:{world.TIDB_CLOUD_PORT}", "python": sys.executable, "certificates": self.certificates,
                "folder": self.folder, "password": world.PASSWORD, "skipped": self.skipped, "versions": self.versions,
                "hosts": {name: {"addresses": addresses} for name, addresses in {**world.ADDRESSES, **world.BAD_ADDRESSES}.items()},
                "names": {"starter": world.STARTER, "dedicated": world.DEDICATED, "rds": world.RDS, "maria": world.MARIA,
                          "real": world.REAL, "bad": {name: world.bad_host(name) for name in world.BAD},
                          "refused": world.REFUSED, "dropped": world.DROPPED, "no_name": world.NO_NAME,
                          "silent_name": world.SILENT_NAME, "broken_name": world.BROKEN_NAME}}

    def down(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        end = time.monotonic() + 10
        for _, process in self.processes:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def greeting(address, port):
    """The version in a server's greeting."""
    with socket.create_connection((address, port), 5) as connection:
        packet = connection.recv(4096)
        return packet[5:packet.index(0, 5)].decode()


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    lab = Lab(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        began = time.monotonic()
        lab.up()
        shown = ", ".join(f"{name} {version}" for name, version in lab.versions.items())
        print(f"lab: up in {time.monotonic() - began:.1f} s, with {shown}", file=sys.stderr)
        for name, reason in lab.skipped.items():
            print(f"lab: without {name}: {reason}", file=sys.stderr)
        code = subprocess.run(command, env={**os.environ, "TIDB_DMS_LAB": lab.path("lab.json")}).returncode
    finally:
        lab.down()
    unanswered = [line for line in lab.log("servers").splitlines() if line != "ready"]
    for line in unanswered:
        print(f"lab: {line}", file=sys.stderr)
    return code or (1 if unanswered else 0)


if __name__ == "__main__":
    sys.exit(main())
