"""Traces, judgements of them, evaluation datasets and scorers, through an unmodified client."""

import json
import os
import time

import mlflow
import pandas
from mlflow.entities import AssessmentSource, SpanEvent, SpanType
from mlflow.genai.datasets import create_dataset, delete_dataset, get_dataset, search_datasets
from mlflow.genai.judges import make_judge
from mlflow.genai.scorers import delete_scorer, get_scorer, list_scorers
from mlflow.tracing.constant import TraceMetadataKey
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

experiment = mlflow.set_experiment("answers").experiment_id


def traces(filter_string=None, **more):
    return mlflow.search_traces(
        locations=[experiment], filter_string=filter_string, return_type="list", **more
    )


# A decorator, nested spans, every kind of attribute, an exception.
@mlflow.trace(span_type=SpanType.CHAIN, attributes={"depth": 1, "rate": 1.0, "on": True, "list": [1, "x"]})
def answer(question):
    with mlflow.start_span("look up", span_type=SpanType.RETRIEVER) as span:
        span.set_inputs({"question": question})
        span.add_event(SpanEvent("asked", attributes={"words": len(question.split())}))
        span.set_outputs(["Über"])
    mlflow.update_current_trace(
        tags={"team": "search"}, metadata={TraceMetadataKey.TRACE_SESSION: "s-1"}, client_request_id="c-1"
    )
    return {"answer": question.upper()}


@mlflow.trace
def failing():
    raise ValueError("no answer")


with mlflow.start_run() as run:
    answer("what is it")
for word in ["a", "b", "c"]:
    answer(word)
# Traces are in the order of their milliseconds: this one must have one of its own.
time.sleep(0.01)
try:
    failing()
except ValueError:
    pass
mlflow.flush_trace_async_logging()

found = traces()
assert len(found) == 5, len(found)
assert [one.info.state for one in found] == ["ERROR"] + 4 * ["OK"]
whole = found[-1]
root, look_up = whole.data.spans
assert (root.name, root.span_type, root.parent_id) == ("answer", "CHAIN", None)
assert root.attributes["rate"] == 1.0 and isinstance(root.attributes["rate"], float)
assert root.attributes["depth"] == 1 and root.attributes["on"] is True and root.attributes["list"] == [1, "x"]
assert root.inputs == {"question": "what is it"} and root.outputs == {"answer": "WHAT IS IT"}
assert look_up.parent_id == root.span_id and look_up.outputs == ["Über"]
assert look_up.events[0].attributes == {"words": 3}
assert root.start_time_ns <= look_up.start_time_ns < look_up.end_time_ns <= root.end_time_ns
assert whole.info.client_request_id == "c-1"
assert whole.info.trace_metadata[TraceMetadataKey.SOURCE_RUN] == run.info.run_id
assert json.loads(whole.info.request_preview) == {"question": "what is it"}
failed = found[0].data.spans[0]
assert failed.status.status_code == "ERROR" and failed.events[0].name == "exception"
assert failed.events[0].attributes["exception.type"] == "ValueError"
trace_id = whole.info.trace_id
again = mlflow.get_trace(trace_id)
assert [span.to_dict() for span in again.data.spans] == [span.to_dict() for span in whole.data.spans]

# Searches.
assert len(traces("tags.team = 'search'")) == 4
assert len(traces("trace.status = 'ERROR'")) == 1
assert len(traces("trace.name = 'answer' AND metadata.`mlflow.trace.session` = 's-1'")) == 4
assert [one.info.trace_id for one in traces(f"trace.run_id = '{run.info.run_id}'")] == [trace_id]
assert len(traces("span.name = 'look up' AND span.type = 'RETRIEVER'")) == 4
assert len(traces("span.attributes.rate LIKE '%1.0%'")) == 4
assert len(traces(f"trace.timestamp_ms > {whole.info.request_time}")) == 4
assert len(traces(order_by=["timestamp_ms ASC"], max_results=2)) == 2
client = mlflow.MlflowClient()
pages, token = [], None
while True:
    page = client.search_traces(locations=[experiment], max_results=2, page_token=token, include_spans=False)
    pages.append([one.info.trace_id for one in page])
    token = page.token
    if not token:
        break
assert [len(page) for page in pages] == [2, 2, 1] and len({one for page in pages for one in page}) == 5
table = mlflow.search_traces(locations=[experiment])
assert isinstance(table, pandas.DataFrame) and len(table) == 5

# Tags.
mlflow.set_trace_tag(trace_id, "seen", "yes")
assert mlflow.get_trace(trace_id).info.tags["seen"] == "yes"
mlflow.delete_trace_tag(trace_id, "seen")
assert "seen" not in mlflow.get_trace(trace_id).info.tags

# Judgements.
person = AssessmentSource(source_type="HUMAN", source_id="ada")
feedback = mlflow.log_feedback(
    trace_id=trace_id, name="good", value=True, source=person, rationale="clear", metadata={"a": "b"}
)
expected = mlflow.log_expectation(trace_id=trace_id, name="answer", value={"text": ["x", 1]}, source=person)
mlflow.log_feedback(trace_id=trace_id, name="score", value=0.5, span_id=root.span_id)
mlflow.log_feedback(trace_id=trace_id, name="broken", error=ValueError("judge failed"))
known = {one.name: one for one in mlflow.get_trace(trace_id).info.assessments}
assert known["good"].value is True and known["good"].rationale == "clear" and known["good"].metadata == {"a": "b"}
assert known["answer"].value == {"text": ["x", 1]} and known["score"].span_id == root.span_id
assert known["broken"].error.error_message == "judge failed"
changed = mlflow.update_assessment(
    trace_id, feedback.assessment_id, mlflow.entities.Feedback(name="good", value=False, rationale="unclear")
)
assert changed.value is False and changed.rationale == "unclear" and changed.source.source_id == "ada"
over = mlflow.override_feedback(trace_id=trace_id, assessment_id=feedback.assessment_id, value=True, source=person)
assert mlflow.get_assessment(trace_id, feedback.assessment_id).valid is False
assert [one.info.trace_id for one in traces("feedback.good = 'true'")] == [trace_id]
assert len(traces("feedback.score > 0.4")) == 1 and len(traces("expectation.answer IS NOT NULL")) == 1
mlflow.delete_assessment(trace_id, over.assessment_id)
assert mlflow.get_assessment(trace_id, feedback.assessment_id).valid is True
mlflow.delete_assessment(trace_id, expected.assessment_id)
assert "answer" not in {one.name for one in mlflow.get_trace(trace_id).info.assessments}

# An evaluation dataset.
dataset = create_dataset(name="questions", experiment_id=experiment, tags={"stage": "draft"})
dataset.merge_records(
    [{"inputs": {"question": word}, "expectations": {"answer": word.upper()}} for word in ["a", "b", "c"]]
)
dataset.merge_records([{"inputs": {"question": "a"}, "expectations": {"length": 1}}])
dataset.merge_records(traces(f"trace.run_id = '{run.info.run_id}'"))
rows = get_dataset(dataset_id=dataset.dataset_id).to_df()
assert len(rows) == 4, rows
merged = next(row for row in rows.to_dict("records") if row["inputs"] == {"question": "a"})
assert merged["expectations"] == {"answer": "A", "length": 1}
assert search_datasets(experiment_ids=experiment, filter_string="tags.stage = 'draft'")[0].name == "questions"
gone = create_dataset(name="gone", experiment_id=experiment)
delete_dataset(dataset_id=gone.dataset_id)
assert [one.name for one in search_datasets(experiment_ids=experiment)] == ["questions"]

# Scorers.
judge = make_judge(
    name="polite", instructions="Is {{ outputs }} polite?", model="openai:/gpt-4o", feedback_value_type=bool
)
judge.register(experiment_id=experiment)
judge.register(experiment_id=experiment)
assert [one.name for one in list_scorers(experiment_id=experiment)] == ["polite"]
assert get_scorer(name="polite", experiment_id=experiment, version=1).name == "polite"
delete_scorer(name="polite", experiment_id=experiment, version=2)

# OpenTelemetry's own exporter, with protobuf and compressed.
exporter = OTLPSpanExporter(
    endpoint=os.environ["MLFLOW_TRACKING_URI"] + "/v1/traces", headers={"x-mlflow-experiment-id": experiment}
)
packed = OTLPSpanExporter(
    endpoint=os.environ["MLFLOW_TRACKING_URI"] + "/v1/traces",
    headers={"x-mlflow-experiment-id": experiment},
    compression=Compression.Gzip,
)
for number, sender in enumerate([exporter, packed]):
    provider = TracerProvider(resource=Resource.create({"service.name": f"shop-{number}"}))
    results = []
    export = sender.export
    sender.export = lambda spans, export=export, results=results: results.append(export(spans)) or results[-1]
    provider.add_span_processor(SimpleSpanProcessor(sender))
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("order") as span:
        span.set_attribute("gen_ai.request.model", "m")
        with tracer.start_as_current_span("pay"):
            pass
    assert results == 2 * [SpanExportResult.SUCCESS], results
    shop = traces(f"tags.`service.name` = 'shop-{number}'")
    assert len(shop) == 1 and [one.name for one in shop[0].data.spans] == ["order", "pay"]
    assert shop[0].info.state == "OK"

# Deleting.
assert client.delete_traces(experiment_id=experiment, trace_ids=[found[0].info.trace_id]) == 1
assert len(traces()) == 6

print(json.dumps({"trace": trace_id, "run": run.info.run_id}))
