"""python -m cloud --host 127.0.0.1 --port 5000"""
import argparse
import logging
import os
import threading
import urllib.request

# IAM is enforced before moto sees a call.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "inf"

from werkzeug.serving import make_server  # noqa: E402

from . import ec2, identity  # noqa: E402
from .front import Front  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    ec2.install()
    identity.install()
    server = make_server(arguments.host, arguments.port, Front(), threaded=True)
    url = f"http://{arguments.host}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"{url}/lab/health", timeout=30) as answer:
        answer.read()
    # Whoever started the lab reads this line, and knows that it answers.
    print(url, flush=True)
    threading.Event().wait()


main()
