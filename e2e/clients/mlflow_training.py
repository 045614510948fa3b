"""Training as people do it: automatic logging of boosting libraries, runs in parallel, evaluation, images and tables."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from mlflow.tracking import MlflowClient
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

client = MlflowClient()
random = np.random.default_rng(7)
rows = pd.DataFrame(random.normal(size=(400, 4)), columns=["a", "b", "c", "d"])
labels = ((rows["a"] + rows["b"] > 0) ^ (random.random(400) < 0.1)).astype(int)
experiment = mlflow.set_experiment("clients/training")


def boosted_by_xgboost() -> str:
    mlflow.xgboost.autolog(model_format="json")
    data = xgboost.DMatrix(rows, labels)
    with mlflow.start_run(run_name="xgboost") as run:
        options = {"objective": "binary:logistic", "max_depth": 3, "eval_metric": ["logloss", "auc"]}
        booster = xgboost.train(options, data, num_boost_round=20, evals=[(data, "train")], verbose_eval=False)
    mlflow.xgboost.autolog(disable=True)
    known = client.get_run(run.info.run_id)
    assert known.data.params["max_depth"] == "3" and known.data.params["num_boost_round"] == "20", known.data.params
    history = client.get_metric_history(run.info.run_id, "train-logloss")
    assert [point.step for point in history] == list(range(20)), history
    assert history[0].value > history[-1].value == known.data.metrics["train-logloss"]
    importances = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/feature_importance_weight.json")
    assert set(importances) <= set(rows.columns) and importances, importances
    [output] = known.outputs.model_outputs
    loaded = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    assert np.allclose(loaded.predict(rows), booster.predict(data))
    return run.info.run_id


def boosted_by_lightgbm() -> str:
    mlflow.lightgbm.autolog()
    with mlflow.start_run(run_name="lightgbm") as run:
        data = lightgbm.Dataset(rows, labels)
        options = {"objective": "binary", "num_leaves": 7, "verbose": -1, "metric": "binary_logloss"}
        booster = lightgbm.train(options, data, num_boost_round=15, valid_sets=[data], valid_names=["train"])
    mlflow.lightgbm.autolog(disable=True)
    known = client.get_run(run.info.run_id)
    assert known.data.params["num_leaves"] == "7", known.data.params
    assert len(client.get_metric_history(run.info.run_id, "train-binary_logloss")) == 15
    assert {item.path for item in client.list_artifacts(run.info.run_id)} >= {"feature_importance_gain.json"}
    loaded = mlflow.pyfunc.load_model(f"models:/{known.outputs.model_outputs[0].model_id}")
    assert np.allclose(loaded.predict(rows), booster.predict(rows))
    return run.info.run_id


def searched_by_sklearn() -> str:
    """A grid search makes a run with children."""
    mlflow.sklearn.autolog(max_tuning_runs=4, serialization_format="cloudpickle")
    with mlflow.start_run(run_name="grid") as run:
        GridSearchCV(RandomForestClassifier(n_estimators=5), {"max_depth": [1, 2, 3, 4]}, cv=2).fit(rows, labels)
    mlflow.sklearn.autolog(disable=True)
    children = client.search_runs(
        [experiment.experiment_id],
        f"tags.mlflow.parentRunId = '{run.info.run_id}'",
        order_by=["metrics.mean_test_score DESC"],
    )
    assert len(children) == 4 and {child.data.params["max_depth"] for child in children} == {"1", "2", "3", "4"}
    best = client.get_run(run.info.run_id)
    assert math.isclose(best.data.metrics["best_cv_score"], children[0].data.metrics["mean_test_score"])
    assert best.data.params["best_max_depth"] == children[0].data.params["max_depth"]
    assert {given.dataset.name for given in best.inputs.dataset_inputs} == {"dataset"}
    return run.info.run_id


def evaluated() -> str:
    forest = RandomForestClassifier(n_estimators=10, random_state=1).fit(rows[:300], labels[:300])
    test = rows[300:].assign(label=labels[300:])
    with mlflow.start_run(run_name="evaluated") as run:
        info = mlflow.sklearn.log_model(
            forest,
            name="forest",
            signature=infer_signature(rows, labels),
            input_example=rows.head(2),
            serialization_format="cloudpickle",
        )
        result = mlflow.models.evaluate(
            info.model_uri,
            mlflow.data.from_pandas(test, targets="label", name="test"),
            model_type="classifier",
            evaluator_config={"log_explainer": False},
        )
    known = client.get_run(run.info.run_id)
    for name in ("accuracy_score", "roc_auc", "log_loss", "f1_score"):
        assert known.data.metrics[name] == result.metrics[name], name
    assert math.isclose(result.metrics["accuracy_score"], forest.score(rows[300:], labels[300:]))
    paths = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"confusion_matrix.png", "roc_curve_plot.png", "calibration_curve_plot.png"} <= paths, paths
    assert "test" in {given.dataset.name for given in known.inputs.dataset_inputs}, known.inputs
    logged = mlflow.get_logged_model(info.model_id)
    assert {metric.key: metric.value for metric in logged.metrics}["roc_auc"] == result.metrics["roc_auc"]
    return run.info.run_id


def pictures_and_tables() -> str:
    with mlflow.start_run(run_name="pictures") as run:
        for step in range(3):
            mlflow.log_image(np.full((8, 8, 3), step * 80, dtype=np.uint8), key="sample/dog", step=step)
        mlflow.log_image(np.zeros((4, 4), dtype=np.uint8), "one.png")
        mlflow.log_table(pd.DataFrame({"question": ["a"], "score": [0.5]}), "answers.json")
        mlflow.log_table({"question": ["b", "ü"], "score": [0.7, None]}, "answers.json")
    files = [item.path for item in client.list_artifacts(run.info.run_id, "images")]
    assert len([path for path in files if path.endswith(".png")]) == 3, files
    assert len([path for path in files if path.endswith(".webp")]) == 3, files
    table = mlflow.load_table("answers.json", run_ids=[run.info.run_id], extra_columns=["run_id"])
    assert list(table["question"]) == ["a", "b", "ü"] and set(table["run_id"]) == {run.info.run_id}, table
    return run.info.run_id


def in_parallel() -> list[str]:
    """Sixteen runs at once, each with a thousand points: none may be lost or stray into another run."""

    def work(number: int) -> str:
        run = client.create_run(experiment.experiment_id, run_name=f"parallel-{number}")
        for first in range(0, 1000, 250):
            points = [mlflow.entities.Metric("m", number + step / 1000, 0, step) for step in range(first, first + 250)]
            client.log_batch(run.info.run_id, metrics=points, params=[mlflow.entities.Param("number", str(number))])
        client.set_terminated(run.info.run_id)
        return run.info.run_id

    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(work, range(16)))
    for number, run_id in enumerate(runs):
        history = client.get_metric_history(run_id, "m")
        assert [point.value for point in history] == [number + step / 1000 for step in range(1000)], run_id
        assert client.get_run(run_id).data.params == {"number": str(number)}
    with mlflow.start_run() as parent, ThreadPoolExecutor(4) as pool:

        def nested(number: int) -> str:
            tags = {"mlflow.parentRunId": parent.info.run_id}
            with mlflow.start_run(run_name=f"nested-{number}", nested=True, tags=tags) as child:
                mlflow.log_metric("n", number)
            return child.info.run_id

        children = list(pool.map(nested, range(4)))
    values = [client.get_run(run_id).data.metrics["n"] for run_id in children]
    assert values == [0, 1, 2, 3], values
    return runs


said = {
    "xgboost": boosted_by_xgboost(),
    "lightgbm": boosted_by_lightgbm(),
    "grid": searched_by_sklearn(),
    "evaluated": evaluated(),
    "pictures": pictures_and_tables(),
}
in_parallel()
print(json.dumps(said))
