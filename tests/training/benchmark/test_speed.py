import json

import pytest

from tests.training.benchmark.examples import EXAMPLE

SPREAD = {"n", "min", "lower_quartile", "median", "upper_quartile", "max"}
THROUGHPUT = {"name", "batch_size", "images_per_second", "seconds_per_step", "gflops_per_second"}
KEYS = {
    "subject": {
        "name",
        "model",
        "optimiser",
        "precision",
        "batch_size",
        "train_images",
        "input_shape",
        "parameters",
        "training_flops_per_image",
        "device",
        "threads",
        "thread_seconds_per_step",
    },
    "machine": {"platform", "processor", "cores", "gpus"},
    "versions": {"python", "torch", "genlab"},
    "peaks": {"precision", "threads", "size", "gflops_per_second", "spread"},
    "copy": {"bytes", "gigabytes_per_second"},
    "training": THROUGHPUT | {"fraction_of_peak"},
    "parts": {"name", "seconds", "share"},
    "together": {"size", "lanes", "throughput", "times_one"},
    "evaluation": THROUGHPUT,
    "memory": {"peak_bytes", "peak_before_bytes", "footprint"},
    "limit": {"kind", "because", "remedies"},
}


def test_the_keys_of_the_json_stay_as_they_are():
    found = json.loads(json.dumps(EXAMPLE.as_dict(), allow_nan=False))
    assert found.keys() == KEYS.keys() | {"load", "seconds"}
    for key, keys in KEYS.items():
        content = found[key][0] if isinstance(found[key], list) else found[key]
        assert content.keys() == keys, key
    footprint = {"dataset_bytes", "parameter_bytes", "optimiser_state_bytes", "activation_bytes"}
    assert found["memory"]["footprint"].keys() == footprint
    assert found["training"][0]["images_per_second"].keys() == SPREAD


def test_the_fraction_of_the_peak_is_of_the_first_peak():
    assert EXAMPLE.fraction_of_peak(EXAMPLE.training[0]) == pytest.approx(20 / 100)
    fractions = [row["fraction_of_peak"] for row in EXAMPLE.as_dict()["training"]]
    assert fractions == pytest.approx([0.2, 0.1])
