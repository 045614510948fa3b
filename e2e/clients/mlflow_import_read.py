"""Reads everything of a store that imports and exports must keep; prints it as JSON, without what depends on the place."""

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

MOST = 1.7976931348623157e308
uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
client = MlflowClient()


def number(value):
    """Stores of files keep infinities, the others the greatest numbers."""
    return str(max(-MOST, min(MOST, value)))


def files(run_id, path=None):
    for found in client.list_artifacts(run_id, path):
        if found.is_dir:
            yield from files(run_id, found.path)
        else:
            yield found.path, found.file_size


def run_of(run, is_active):
    history = {key: client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
    return {
        "name": run.info.run_name,
        "status": run.info.status,
        "stage": run.info.lifecycle_stage,
        "times": [run.info.start_time, run.info.end_time],
        "user": run.info.user_id,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {key: [[p.timestamp, p.step, number(p.value)] for p in points] for key, points in history.items()},
        "inputs": [
            [i.dataset.name, i.dataset.digest, i.dataset.source, i.dataset.schema, i.dataset.profile, i.tags[0].value]
            for i in run.inputs.dataset_inputs
        ],
        "outputs": sorted(o.model_id for o in run.outputs.model_outputs),
        "files": sorted(files(run.info.run_id)) if is_active else [],
    }


experiments = {}
for experiment in client.search_experiments(view_type=ViewType.ALL):
    is_active = experiment.lifecycle_stage == "active"
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL)
    experiments[experiment.name] = {
        "stage": experiment.lifecycle_stage,
        "tags": experiment.tags,
        "created": experiment.creation_time if experiment.name != "Default" else None,
        "runs": {run.info.run_id: run_of(run, is_active) for run in runs},
    }

registered = client.get_registered_model("late")
versions = sorted(client.search_model_versions("name = 'late'"), key=lambda version: int(version.version))
print(
    json.dumps(
        {
            "experiments": experiments,
            "model": [registered.description, registered.tags, {k: str(v) for k, v in registered.aliases.items()}],
            "versions": [
                [str(v.version), v.description or "", v.tags, v.run_id, v.creation_timestamp] for v in versions
            ],
            "prompt": mlflow.genai.load_prompt("prompts:/greeting/1").template,
            "predicted": mlflow.sklearn.load_model("models:/late@champion").predict([[0], [1]]).tolist(),
        },
        sort_keys=True,
    )
)
