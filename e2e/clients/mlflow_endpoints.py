"""Every endpoint that the installed mlflow's own server has, as [method, path] with `:` for parameters."""

import json
import re

import mlflow
from mlflow.server.handlers import get_endpoints

endpoints = {
    (method, re.sub(r"<[^>]*>", ":", path)) for path, _, methods in get_endpoints() for method in methods
}
print(json.dumps({"version": mlflow.__version__, "endpoints": sorted(endpoints)}))
