"""Webhooks as mlflow's users make them, received for real; signatures are computed by the package itself."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mlflow
from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent, WebhookStatus
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.webhooks.constants import (
    WEBHOOK_DELIVERY_ID_HEADER,
    WEBHOOK_SIGNATURE_HEADER,
    WEBHOOK_TIMESTAMP_HEADER,
)
from mlflow.webhooks.delivery import _generate_hmac_signature
from mlflow.webhooks.types import get_example_payload_for_event, get_payload_class_for_event

SECRET = "only the receiver knows it"
received = []
failures = [503, 429]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        received.append((self.path, dict(self.headers), text))
        self.send_response(failures.pop() if failures and self.path == "/all" else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
client = MlflowClient()

events = [
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
    "prompt.created",
    "prompt_version.created",
    "prompt_tag.set",
    "prompt_tag.deleted",
    "prompt_version_tag.set",
    "prompt_version_tag.deleted",
    "prompt_alias.created",
    "prompt_alias.deleted",
]
hook = client.create_webhook("everything", f"{url}/all", events, description="é", secret=SECRET)
assert hook.status == WebhookStatus.ACTIVE and hook.description == "é", hook
assert [str(event) for event in hook.events] == events
assert hook.secret is None
silent = client.create_webhook("silent", f"{url}/silent", events, status="DISABLED")
assert [one.name for one in client.list_webhooks()] == ["silent", "everything"]
first = client.list_webhooks(max_results=1)
assert [one.name for one in client.list_webhooks(max_results=1, page_token=first.token)] == ["everything"]
assert client.get_webhook(hook.webhook_id).url == f"{url}/all"

tested = client.test_webhook(silent.webhook_id, WebhookEvent(WebhookEntity.PROMPT, WebhookAction.CREATED))
assert tested.success and tested.response_status == 200, tested
example = get_example_payload_for_event(WebhookEvent(WebhookEntity.PROMPT, WebhookAction.CREATED))
assert json.loads(received.pop()[2])["data"] == example

client.create_registered_model("hooked", tags={"a": "b"}, description="told")
client.create_model_version("hooked", "s3://bucket/model", tags={"c": "d"})
client.set_model_version_tag("hooked", "1", "e", "ü")
client.delete_model_version_tag("hooked", "1", "e")
client.set_registered_model_alias("hooked", "best", "1")
client.delete_registered_model_alias("hooked", "best")
mlflow.genai.register_prompt("greeting", "Hello {{name}}", commit_message="first")
client.set_prompt_tag("greeting", "f", "g")
client.delete_prompt_tag("greeting", "f")
client.set_prompt_version_tag("greeting", "1", "h", "i")
client.delete_prompt_version_tag("greeting", "1", "h")
mlflow.genai.set_prompt_alias("greeting", "live", 1)
mlflow.genai.delete_prompt_alias("greeting", "live")

deadline = time.time() + 60
while time.time() < deadline:
    told = {(body["entity"], body["action"]) for body in (json.loads(text) for _, _, text in received)}
    if len(told) == len(events) and len(received) >= len(events) + 2:
        break
    time.sleep(0.1)
assert {".".join(one) for one in told} == set(events), told
deliveries = {}
for path, headers, text in received:
    assert path == "/all", path
    lower = {name.lower(): value for name, value in headers.items()}
    delivery, timestamp = (lower[name.lower()] for name in (WEBHOOK_DELIVERY_ID_HEADER, WEBHOOK_TIMESTAMP_HEADER))
    expected = _generate_hmac_signature(SECRET, delivery, timestamp, text)
    assert lower[WEBHOOK_SIGNATURE_HEADER.lower()] == expected
    body = json.loads(text)
    event = WebhookEvent(body["entity"], body["action"])
    assert set(body["data"]) == set(get_payload_class_for_event(event).__annotations__), body
    assert body["workspace"] == "default"
    deliveries.setdefault(delivery, []).append(body)
assert sorted(map(len, deliveries.values()))[-1] >= 2, "what was refused for a while comes again under its own id"
by_event = {f"{one[0]['entity']}.{one[0]['action']}": one[0]["data"] for one in deliveries.values()}
assert by_event["model_version_tag.set"] == {"name": "hooked", "version": "1", "key": "e", "value": "ü"}
assert by_event["registered_model.created"] == {"name": "hooked", "tags": {"a": "b"}, "description": "told"}
assert by_event["prompt_version.created"]["template"] == "Hello {{name}}"
assert "mlflow.prompt.is_prompt" not in by_event["prompt.created"]["tags"]

changed = client.update_webhook(hook.webhook_id, status="DISABLED", events=["prompt.created"])
assert changed.status == WebhookStatus.DISABLED and [str(one) for one in changed.events] == ["prompt.created"]
count = len(received)
client.create_registered_model("unheard")
client.delete_webhook(hook.webhook_id)
client.delete_webhook(silent.webhook_id)
try:
    client.get_webhook(hook.webhook_id)
    raise AssertionError("it is still there")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
try:
    client.create_webhook("inside", "http://169.254.169.254:99999/", events)
    raise AssertionError("it was taken")
except MlflowException as error:
    assert error.error_code == "INVALID_PARAMETER_VALUE", error
time.sleep(1)
assert len(received) == count
print(json.dumps({"told": len(told)}))
