"""An S3 server that checks signatures: `python object_store.py BUCKET` prints where it is and whom it lets in.

Runs until its standard input closes, so that it cannot outlive the test session.
"""

import json
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer


def main(bucket: str) -> None:
    """Serve one bucket to one user."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    anybody = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **anybody).create_bucket(Bucket=bucket)
    users = boto3.client("iam", endpoint_url=url, **anybody)
    users.create_user(UserName="hfp")
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    users.put_user_policy(UserName="hfp", PolicyName="lake", PolicyDocument=policy)
    key = users.create_access_key(UserName="hfp")["AccessKey"]
    # From here on every request must be signed by a user who may.
    request = urllib.request.Request(
        f"{url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}, method="POST"
    )
    urllib.request.urlopen(request).close()
    print(json.dumps({"port": port, "key_id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
