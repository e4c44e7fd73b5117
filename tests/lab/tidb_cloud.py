"""TiDB Cloud's two APIs, as far as the lab's topologies tell what they answer: tidb_cloud.py PORT

Both are asked at one address by HTTP digest (RFC 7616), with the key of `world.py`. What is answered was said before by
`PUT /lab/answers`, an object of answers by path; anything else is not found, as in TiDB Cloud.
"""
import hashlib
import json
import re
import sys
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import world

REALM = "tidb.cloud"


class Client:
    """What topologies and runs need of it."""

    def __init__(self, url):
        self.url = url

    def answer(self, answers):
        """From now on just these, by path."""
        request = urllib.request.Request(f"{self.url}/lab/answers", method="PUT", data=json.dumps(answers).encode())
        urllib.request.urlopen(request, timeout=30).close()

    def environment(self):
        """What a program needs to ask it."""
        return {"TIDBCLOUD_SERVERLESS_ENDPOINT": self.url, "TIDBCLOUD_DEDICATED_ENDPOINT": self.url,
                "TIDBCLOUD_PUBLIC_KEY": world.PUBLIC_KEY, "TIDBCLOUD_PRIVATE_KEY": world.PRIVATE_KEY}


def digest(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers = {}

    def do_PUT(self):
        given = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).answers = json.loads(given)
        self.say(200, {})

    def do_GET(self):
        if not self.is_let_in():
            challenge = f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="lab", opaque="lab"'
            return self.say(401, {"code": 49900001, "message": "public_key not found", "details": []}, challenge)
        path = urllib.parse.urlsplit(self.path).path
        if path not in self.answers:
            return self.say(404, {"code": 5, "message": "no such thing", "details": []})
        return self.say(200, self.answers[path])

    def is_let_in(self):
        sent = dict(re.findall(r'(\w+)="?([^",]*)"?', self.headers.get("Authorization", "")))
        who, what = digest(world.PUBLIC_KEY, REALM, world.PRIVATE_KEY), digest(self.command, self.path)
        expected = digest(who, "lab", sent.get("nc", ""), sent.get("cnonce", ""), "auth", what)
        return sent.get("username") == world.PUBLIC_KEY and sent.get("response") == expected

    def say(self, status, body, challenge=None):
        text = json.dumps(body).encode()
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """A run's own log has what matters."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
