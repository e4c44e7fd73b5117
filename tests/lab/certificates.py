"""Certificates of the lab, good and bad: `certificates.py FOLDER` makes a folder of them in FOLDER, unless there is one that is
good for today, and prints which. Another recipe has another folder, so labs of two versions don't disturb each other.

Each identity is NAME.pem (what the server sends, leaf first) and NAME.key. `ca.pem` is the root that `right` leads to,
`rds-ca.pem` the one of `rds`. These are the same on every machine and every day, since `tests/patients` hold them: their
keys come from their names, and their signatures need no random number. The bad ones are made anew, for the days around now.
"""
import datetime
import hashlib
import ipaddress
import json
import os
import shutil
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import world

DAY = datetime.timedelta(days=1)
UTC = datetime.timezone.utc
BEGIN, END, END_OF_AUTHORITIES = (datetime.datetime(year, 1, 1, tzinfo=UTC) for year in (2024, 2044, 2049))


class Issuer:
    """A certificate with its key: an authority, or a server's. Without `now` it is the same whenever it is made."""

    def __init__(self, name, *, by=None, authority=False, names=(), begin=-1, end=90, now=None):
        seed = int.from_bytes(hashlib.sha256(f"the lab's {name}".encode()).digest())
        self.key = ec.generate_private_key(ec.SECP256R1()) if now else ec.derive_private_key(seed >> 1, ec.SECP256R1())
        serial = x509.random_serial_number() if now else seed >> 100
        first, last = (now + begin * DAY, now + end * DAY) if now else (BEGIN, END_OF_AUTHORITIES if authority else END)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (x509.CertificateBuilder().subject_name(subject)
                   .issuer_name(by.certificate.subject if by else subject)
                   .public_key(self.key.public_key()).serial_number(serial)
                   .not_valid_before(first).not_valid_after(last)
                   .add_extension(x509.BasicConstraints(authority, None), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False))
        signer = by or self
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        if authority:
            builder = builder.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256(), ecdsa_deterministic=True)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()).decode()


def make(folder, now):
    root = Issuer("TiDB DMS Lab Root", authority=True)
    middle = Issuer("TiDB DMS Lab Intermediate", by=root, authority=True)
    of_rds = Issuer("TiDB DMS Lab RDS Root", authority=True)
    other = Issuer("Another Root", authority=True, end=3650, now=now)
    hosts = world.clusters()
    first = hosts[0]

    def write(name, leaf, *above):
        with open(os.path.join(folder, f"{name}.pem"), "w") as file:
            file.write(leaf.pem + "".join(one.pem for one in above))
        with open(os.path.join(folder, f"{name}.key"), "w", opener=lambda path, flags: os.open(path, flags, 0o644)) as file:
            file.write(leaf.key_pem)

    for name, issuer in (("ca", root), ("rds-ca", of_rds), ("other-ca", other)):
        with open(os.path.join(folder, f"{name}.pem"), "w") as file:
            file.write(issuer.pem)
    right = Issuer(first, by=middle, names=hosts)
    write("right", right, middle)
    write("rds", Issuer(world.RDS, by=of_rds, names=world.databases()))
    write("missing-intermediate", right)
    wrong = Issuer(first, by=other, names=hosts, now=now)
    write("wrong-ca", wrong)
    write("wrong-root", wrong, other)
    write("expired", Issuer(first, by=middle, names=hosts, begin=-90, end=-1, now=now), middle)
    write("not-yet-valid", Issuer(first, by=middle, names=hosts, begin=30, end=90, now=now), middle)
    write("wrong-host", Issuer("elsewhere.example", by=middle, names=["elsewhere.example"], now=now), middle)
    write("address-only", Issuer("44.219.0.1", by=middle, names=["44.219.0.1"], now=now), middle)
    write("self-signed", Issuer(first, names=hosts, now=now))
    # What some import by mistake: the server's own certificate as the authority.
    with open(os.path.join(folder, "leaf-as-ca.pem"), "w") as file:
        file.write(right.pem)


def main():
    now = datetime.datetime.now(UTC)
    with open(__file__, "rb") as source:
        recipe = hashlib.sha256(source.read() + "\n".join(world.clusters() + world.databases()).encode()).hexdigest()
    folder = os.path.join(sys.argv[1], recipe[:12])
    print(folder)
    try:
        with open(os.path.join(folder, "made.json")) as file:
            if now < datetime.datetime.fromisoformat(json.load(file)["good until"]):
                return
    except (OSError, ValueError, KeyError):
        pass
    os.makedirs(sys.argv[1], exist_ok=True)
    new = tempfile.mkdtemp(dir=sys.argv[1])
    os.chmod(new, 0o755)
    make(new, now)
    with open(os.path.join(new, "made.json"), "w") as file:
        json.dump({"good until": (now + 10 * DAY).isoformat()}, file)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        os.rename(new, folder)
    except OSError:
        # Another run was faster.
        shutil.rmtree(new)


if __name__ == "__main__":
    main()
