"""The same lake with its data on an object store: only the settings differ."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from hf_platform.errors import StoreError
from hf_platform.lake import Lake, connect
from hf_platform.lake.connect import open_instance
from hf_platform.settings import Settings


class BucketHandler(BaseHTTPRequestHandler):
    """As much of the S3 protocol as DuckDB speaks: multipart uploads, ranges, HEAD."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]
    parts: dict[str, dict[int, bytes]]

    def log_message(self, *arguments):
        """Keep quiet."""

    def _where(self):
        url = urlsplit(self.path)
        return unquote(url.path), parse_qs(url.query, keep_blank_values=True)

    def _send(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_POST(self):
        key, query = self._where()
        self._body()
        if "uploads" in query:
            self.parts[key] = {}
            body = b"<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>"
            return self._send(200, body)
        parts = self.parts.pop(key)
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        return self._send(200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")

    def do_PUT(self):
        key, query = self._where()
        if "partNumber" in query:
            self.parts[key][int(query["partNumber"][0])] = self._body()
        else:
            self.objects[key] = self._body()
        self._send(200, ETag='"tag"')

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        key, _ = self._where()
        if "Signature=" not in self.headers.get("Authorization", ""):
            return self._send(403)
        if key not in self.objects:
            return self._send(404)
        data, wanted = self.objects[key], self.headers.get("Range")
        if wanted is None or self.command == "HEAD":
            return self._send(200, data, ETag='"tag"', Accept_Ranges="bytes")
        first, last = wanted.removeprefix("bytes=").split("-")
        piece = data[int(first) : int(last) + 1]
        return self._send(206, piece, ETag='"tag"', Content_Range=f"bytes {first}-{last}/{len(data)}")


@pytest.fixture
def bucket(settings, monkeypatch):
    """A running object store, and the settings that point the lake's data at it."""
    handler = type("Handler", (BucketHandler,), {"objects": {}, "parts": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in {
        "LAKE_DATA": "s3://bucket/lake",
        "S3_ENDPOINT": f"127.0.0.1:{server.server_address[1]}",
        "S3_KEY_ID": "key",
        "S3_SECRET": "it's hush",
        "S3_USE_SSL": "false",
    }.items():
        monkeypatch.setenv(f"HFP_{name}", value)
    yield handler.objects
    server.shutdown()
    thread.join()
    server.server_close()


def test_rows_go_to_the_bucket_and_come_back(bucket, workers):
    store = Lake()
    store.initialise()
    with store.transaction("ewma", "r") as tx:
        assert tx.append("models.forecasts", workers.forecasts("m", 500)) == 500
    store.close()
    assert any(key.startswith("/bucket/lake/models/forecasts/") for key in bucket)
    assert Lake().query("SELECT sum(mean) FROM models.forecasts").item() == sum(range(500))
    with connect(locked_down=True) as con:
        assert con.execute("SELECT count(*) FROM models.forecasts").fetchone() == (500,)
    assert not (Settings.from_env().home / "lake" / "data").exists()


@pytest.mark.usefixtures("bucket")
def test_the_secret_is_registered_and_never_shown():
    settings = Settings.from_env()
    with open_instance(settings) as con:
        shown = str(con.execute("FROM duckdb_secrets()").fetchall())
    assert "lake_s3" in shown
    assert "hush" not in shown + repr(settings)


def test_a_missing_object_is_named(bucket, workers):
    store = Lake()
    store.initialise()
    with store.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", workers.forecasts("m", 5))
    bucket.clear()
    with pytest.raises(StoreError, match="models/forecasts"):
        Lake().query("FROM models.forecasts")
