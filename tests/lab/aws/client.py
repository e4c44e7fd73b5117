"""The lab's AWS as its tests and seeds use it: boto3 clients, and the control requests under /lab/."""
import json
import os
import subprocess
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

OWNER = ("AKIALABOWNER00000000", "of-the-lab")
HERE = os.path.dirname(os.path.abspath(__file__))


class Cloud:
    """One running lab."""

    def __init__(self, url, region="us-east-1", keys=OWNER, token=None):
        self.url, self.region, self.keys, self.token = url, region, keys, token

    def client(self, service, retries=1):
        return boto3.client(service, endpoint_url=self.url, region_name=self.region, aws_access_key_id=self.keys[0],
                            aws_secret_access_key=self.keys[1], aws_session_token=self.token,
                            config=Config(retries={"total_max_attempts": retries}, read_timeout=20))

    def account(self, number):
        """The same lab as another account's administrator."""
        got = self.client("sts").assume_role(RoleArn=f"arn:aws:iam::{number}:role/lab", RoleSessionName="lab")["Credentials"]
        return Cloud(self.url, self.region, (got["AccessKeyId"], got["SecretAccessKey"]), got["SessionToken"])

    def __getattr__(self, service):
        """`cloud.ec2`, `cloud.dms`, …"""
        made = self.client(service)
        setattr(self, service, made)
        return made

    def lab(self, method, name, **given):
        request = urllib.request.Request(f"{self.url}/lab/{name}", method=method, data=json.dumps(given).encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} /lab/{name}: {error.read().decode().strip()}") from None

    def environment(self):
        """What a program needs to talk to this lab."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": self.keys[0], "AWS_SECRET_ACCESS_KEY": self.keys[1],
                "AWS_REGION": self.region, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                **({"AWS_SESSION_TOKEN": self.token} if self.token else {})}


def start(host="127.0.0.1", port=0):
    """Starts a lab; returns it with its process, once it answers."""
    process = subprocess.Popen([os.path.join(HERE, "start"), "--host", host, "--port", str(port)],
                               stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    if not url:
        process.wait()
        raise RuntimeError("the AWS lab didn't start")
    return Cloud(url), process
