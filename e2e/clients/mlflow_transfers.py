"""A file sent in parts and fetched in ranges by mlflow's own client; prints the run."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import mlflow
import requests

sent, fetched = [], []
put, send = requests.put, requests.Session.request


def counting_put(url, **options):
    sent.append(url)
    return put(url, **options)


def counting_request(self, method, url, **options):
    if "Range" in (options.get("headers") or {}):
        fetched.append(url)
    return send(self, method, url, **options)


requests.put = counting_put
requests.Session.request = counting_request

mlflow.set_experiment("clients/transfers")
with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
    content = os.urandom(12 * 1024 * 1024 + 7)
    path = Path(folder, "weights é.bin")
    path.write_bytes(content)
    mlflow.log_artifact(str(path), "model")
    empty = Path(folder, "empty")
    empty.write_bytes(b"")
    mlflow.log_artifact(str(empty))
    assert len(sent) == 3, sent
    got = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="model/weights é.bin")
    assert hashlib.sha256(Path(got).read_bytes()).digest() == hashlib.sha256(content).digest()
    assert len(fetched) == 4, fetched
    got = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="empty")
    assert Path(got).read_bytes() == b""
print(json.dumps({"run": run.info.run_id, "sent": sent[0], "fetched": fetched[0]}))
