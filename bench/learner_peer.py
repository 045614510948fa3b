"""One round of scikit-learn's histogram gradient boosting on the table that bench/learner.ts wrote."""

import json
import sys
import time

import numpy
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier


def read_table(folder, name, width):
    values = numpy.fromfile(f"{folder}/{name}.f32", dtype="<f4").reshape(width + 1, -1)
    return numpy.ascontiguousarray(values[:width].T), values[width]


folder, width, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
train, labels = read_table(folder, "train", width)
test, _ = read_table(folder, "test", width)
model = HistGradientBoostingClassifier(
    max_iter=options["trees"],
    max_depth=options["maxDepth"],
    max_leaf_nodes=None,
    learning_rate=options["learningRate"],
    l2_regularization=options["lambda"],
    min_samples_leaf=options["minRowsPerLeaf"],
    max_bins=options["maxBins"],
    early_stopping=False,
    random_state=1,
)
started, cpu = time.perf_counter(), time.process_time()
model.fit(train, labels)
seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
started = time.perf_counter()
probabilities = model.predict_proba(test)[:, 1]
predict_seconds = time.perf_counter() - started
probabilities.astype("<f8").tofile(f"{folder}/peer.f64")
print(
    json.dumps(
        {
            "seconds": seconds,
            "cpuSeconds": cpu_seconds,
            "predictSeconds": predict_seconds,
            "versions": {
                "python": sys.version.split()[0],
                "scikit-learn": sklearn.__version__,
                "numpy": numpy.__version__,
            },
        }
    )
)
