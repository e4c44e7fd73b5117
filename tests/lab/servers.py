"""The database servers of the lab that are ours: stand-ins for TiDB, and servers that misbehave, each on its own address.

    python servers.py SERVERS.json

SERVERS.json lists `{"name", "addresses", "port", "kind", "identity", …}`; prints `ready` once all of them listen.
SIGTERM ends it; then a line names every question that a stand-in couldn't answer.
"""
import json
import os
import random
import signal
import socket
import ssl
import sys
import threading

from tidb.protocol import Channel, Gone, Greeting
from tidb.standin import StandIn

VERSION = "8.0.11-TiDB-v8.5.4"


def context(folder, identity, only, ciphers):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(os.path.join(folder, f"{identity}.pem"), os.path.join(folder, f"{identity}.key"))
    made.minimum_version = ssl.TLSVersion.TLSv1_3 if only == "1.3" else ssl.TLSVersion.TLSv1_2
    if only == "1.2":
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    if ciphers:
        made.set_ciphers(ciphers)
    return made


# Each takes a connection and treats it in one bad way.

def silent(channel):
    drain(channel)


def garbage(channel):
    channel.connection.sendall(random.Random(7).randbytes(300))
    drain(channel)


def web(channel):
    channel.connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    drain(channel)


def cut(channel):
    """Hangs up before a word."""


def stuck(channel):
    """Greets, and then says nothing more."""
    recorded = bytes.fromhex(StandIn({"accounts": {}}).recorded["greeting_hex"])
    channel.write(Greeting(recorded, VERSION).packet(tls=True))
    drain(channel)


def drain(channel):
    while True:
        channel.exactly(1)


MISBEHAVIOUR = {"silent": silent, "garbage": garbage, "web": web, "cut": cut, "stuck": stuck}


def misbehaving(how):
    def serve(connection, _peer):
        try:
            how(Channel(connection))
        except (Gone, OSError):
            pass
        finally:
            connection.close()
    return serve


def accept(listener, serve):
    while True:
        connection, peer = listener.accept()
        connection.settimeout(120)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection, peer[0]), daemon=True).start()


def main():
    with open(sys.argv[1]) as file:
        asked = json.load(file)
    stand_ins = []
    for server in asked["servers"]:
        if server["kind"] in MISBEHAVIOUR:
            serve = misbehaving(MISBEHAVIOUR[server["kind"]])
        else:
            made = StandIn(server)
            stand_ins.append((server["name"], made))
            # A plain server is one without a certificate.
            tls = None if server["kind"] == "plain" else context(
                asked["certificates"], server.get("identity", "right"), server.get("only"),
                server.get("ciphers"))

            def serve(connection, peer, made=made, tls=tls):
                made.serve(connection, peer, tls)
        for address in server["addresses"]:
            listener = socket.create_server((address, server["port"]), backlog=64)
            threading.Thread(target=accept, args=(listener, serve), daemon=True).start()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    print("ready", flush=True)
    ended.wait()
    for name, made in stand_ins:
        for question in made.mistakes:
            print(f"{name} had no answer to: {question}", flush=True)


main()
