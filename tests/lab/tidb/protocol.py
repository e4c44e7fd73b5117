"""The server's side of the MySQL protocol, as much as a client needs to log in and to ask: packets, TLS, results."""
import hashlib
import os
import struct

SSL, DEPRECATE_EOF, PLUGIN_AUTH, LENENC_AUTH, CONNECT_WITH_DB = 1 << 11, 1 << 24, 1 << 19, 1 << 21, 1 << 3
SECURE_CONNECTION, COMPRESS, ZSTD = 1 << 15, 1 << 5, 1 << 26
NATIVE = b"mysql_native_password"
AUTOCOMMIT = 2


class Refusal(Exception):
    """An error that the client is told."""

    def __init__(self, code, message, state="HY000"):
        super().__init__(message)
        self.code, self.message, self.state = code, message, state


class Gone(Exception):
    """The client went away."""


def lenenc(number):
    if number < 251:
        return bytes([number])
    if number < 1 << 16:
        return b"\xfc" + struct.pack("<H", number)
    if number < 1 << 24:
        return b"\xfd" + struct.pack("<I", number)[:3]
    return b"\xfe" + struct.pack("<Q", number)


def text(value):
    if value is None:
        return b"\xfb"
    raw = value.encode()
    return lenenc(len(raw)) + raw


class Channel:
    """Packets over a socket, with their sequence numbers.

    Never reads further than it must: behind a request for TLS the client's hello may already wait.
    """

    def __init__(self, connection):
        self.connection, self.sequence = connection, 0

    def exactly(self, length):
        read = bytearray()
        while len(read) < length:
            try:
                part = self.connection.recv(length - len(read))
            except OSError as error:
                raise Gone from error
            if not part:
                raise Gone
            read += part
        return bytes(read)

    def read(self):
        head = self.exactly(4)
        self.sequence = (head[3] + 1) % 256
        return self.exactly(int.from_bytes(head[:3], "little"))

    def write(self, payload):
        packet = len(payload).to_bytes(3, "little") + bytes([self.sequence]) + payload
        self.sequence = (self.sequence + 1) % 256
        try:
            self.connection.sendall(packet)
        except OSError as error:
            raise Gone from error

    def start_tls(self, context):
        """Goes on in TLS over the same connection."""
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except OSError as error:
            raise Gone from error

    def ok(self):
        self.write(b"\x00\x00\x00" + struct.pack("<HH", AUTOCOMMIT, 0))

    def refuse(self, refusal):
        self.write(b"\xff" + struct.pack("<H", refusal.code) + b"#" + refusal.state.encode() + refusal.message.encode())

    def result(self, columns, rows, deprecate_eof):
        """A result set of text columns."""
        self.write(lenenc(len(columns)))
        for name in columns:
            self.write(text("def") + text("") * 3 + text(name) + text(name) + b"\x0c"
                             + struct.pack("<HIBHB", 46, 1024, 0xFD, 0, 0) + b"\x00\x00")
        eof = b"\xfe" + struct.pack("<HH", 0, AUTOCOMMIT)
        if not deprecate_eof:
            self.write(eof)
        for row in rows:
            self.write(b"".join(text(value) for value in row))
        self.write(b"\xfe\x00\x00" + struct.pack("<HH", AUTOCOMMIT, 0) if deprecate_eof else eof)


class Greeting:
    """A recorded greeting, given anew with its own salt and what this server can do."""

    def __init__(self, recorded, version):
        after = recorded.index(0, 1) + 1
        low, self.charset, self.status, high = struct.unpack_from("<HBHH", recorded, after + 4 + 9)
        # Compression is offered by the real one, and isn't spoken here.
        self.capabilities = (low | high << 16) & ~(COMPRESS | ZSTD)
        self.version = version
        # A zero would end the salt early.
        self.salt = bytes(byte % 127 + 1 for byte in os.urandom(20))

    def packet(self, tls):
        offered = self.capabilities if tls else self.capabilities & ~SSL
        low, high = offered & 0xFFFF, offered >> 16
        return (b"\x0a" + self.version.encode() + b"\0" + struct.pack("<I", 1024) + self.salt[:8] + b"\0"
                + struct.pack("<HBHHB", low, self.charset, self.status, high, 21) + bytes(10)
                + self.salt[8:] + b"\0" + NATIVE + b"\0")


class Login:
    """What a client says of itself."""

    def __init__(self, packet):
        self.capabilities = struct.unpack_from("<I", packet)[0]
        place = 32
        end = packet.index(0, place)
        self.user, place = packet[place:end].decode(), end + 1
        length, place = packet[place], place + 1
        self.proof, place = packet[place:place + length], place + length
        self.schema = self.plugin = None
        if self.capabilities & CONNECT_WITH_DB and place < len(packet):
            end = packet.index(0, place)
            self.schema, place = packet[place:end].decode() or None, end + 1
        if self.capabilities & PLUGIN_AUTH and place < len(packet):
            end = packet.find(0, place)
            self.plugin = packet[place:end if end >= 0 else len(packet)]


def proves(password, salt, proof):
    """Whether mysql_native_password's answer to the salt is this password's."""
    if not password:
        return proof == b""
    once = hashlib.sha1(password.encode()).digest()
    expected = bytes(a ^ b for a, b in zip(once, hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()))
    return proof == expected

