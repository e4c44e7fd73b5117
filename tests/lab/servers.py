"""The database servers of the lab that are ours: stand-ins for TiDB, and servers that misbehave, each on its own address.

    python servers.py SERVERS.json

SERVERS.json lists `{"name", "addresses", "port", "kind", "identity", …}`; prints `ready` once all of them listen.
SIGTERM ends it; then a line names every question that a stand-in couldn't answer.
"""
import asyncio
import json
import os
import random
import signal
import ssl
import sys

from tidb.protocol import Greeting
from tidb.standin import StandIn

# Kinds: `tidb`; `silent` takes the connection and says nothing; `plain` can't do TLS; `garbage` says nonsense;
# `web` speaks HTTP; `cut` hangs up at once; `stuck` greets and then says nothing more.
PLAIN_KINDS = ("silent", "garbage", "web", "cut", "stuck")


def context(folder, identity, only):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(os.path.join(folder, f"{identity}.pem"), os.path.join(folder, f"{identity}.key"))
    made.minimum_version = ssl.TLSVersion.TLSv1_3 if only == "1.3" else ssl.TLSVersion.TLSv1_2
    if only == "1.2":
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


async def misbehave(kind, recorded, reader, writer):
    try:
        if kind == "garbage":
            writer.write(random.Random(7).randbytes(300))
        elif kind == "web":
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        elif kind == "stuck":
            packet = Greeting(recorded, "8.0.11-TiDB-v8.5.4").packet(tls=True)
            writer.write(len(packet).to_bytes(3, "little") + b"\0" + packet)
        if kind != "cut":
            while await reader.read(4096):
                pass
    except OSError:
        pass
    finally:
        writer.close()


async def main():
    with open(sys.argv[1]) as file:
        asked = json.load(file)
    stand_ins = []
    for server in asked["servers"]:
        kind = server["kind"]
        if kind in PLAIN_KINDS:
            recorded = bytes.fromhex(StandIn({"accounts": {}}).recorded["greeting_hex"])

            async def serve(reader, writer, kind=kind, recorded=recorded):
                await misbehave(kind, recorded, reader, writer)
        elif kind in ("tidb", "plain"):
            made = StandIn(server)
            stand_ins.append((server["name"], made))
            tls = None if kind == "plain" else context(asked["certificates"], server.get("identity", "right"), server.get("only"))

            async def serve(reader, writer, made=made, tls=tls):
                await made.serve(reader, writer, tls)
        else:
            raise SystemExit(f"no kind {kind}")
        for address in server["addresses"]:
            await asyncio.start_server(serve, address, server["port"])
    print("ready", flush=True)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    for name, made in stand_ins:
        for question in made.mistakes:
            print(f"{name} had no answer to: {question}", flush=True)


asyncio.run(main())
