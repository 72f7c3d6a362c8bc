"""What `genlab bench` prints: each number with its unit, in 80 columns."""

from dataclasses import replace

from genlab.cli.bench_output import table
from genlab.training.benchmark.together import Together
from tests.training.benchmark.examples import EXAMPLE, spread


def test_each_number_stands_beside_what_it_is():
    text = "\n".join(table(EXAMPLE))
    rows = {line[:32].strip(): line[32:].split() for line in text.splitlines()}
    assert rows["best product, float32, 1 thread"] == ["100", "(85.5", "to", "94.5)", "9", "GFLOP/s"]
    assert rows["best product, float32, 2 threads"][0] == "190"
    assert rows["copy of 1.1 MB"] == ["50", "(47.5", "to", "52.5)", "9", "GB/s"]
    assert rows["training, batch 32"] == ["42,000", "(39,900", "to", "44,100)", "9", "images/s"]
    assert rows["evaluation, batch 256"][0] == "250,000"
    assert rows["64 nets together, 2 threads"][0] == "340,000"
    assert "      8.1  times one net" in text
    assert "       20  GFLOP/s, 20% of the best product" in text
    assert "a step of 2 ms: batch 5%, forward 30%, backward 50%, update 10%, rest 5%" in text
    words = " ".join(text.split())
    assert "memory: 840 MB at most, 570 MB before the data; data 0.485, weights and gradients 0.68," in words
    assert "threads: 1 (a step takes 2 ms with 1, 2.1 ms with 2;" in words
    assert "limited by fixed cost: 8 images take half of the time of 32" in words
    assert words.endswith("would help: more runs would help: a larger batch")


def test_it_has_at_most_80_columns_whatever_the_numbers_and_names():
    subject = replace(EXAMPLE.subject, name="x" * 100, parameters=10**12, device="cuda:0", train_images=10**8)
    fast = tuple(
        replace(found, batch_size=131_072, images_per_second=spread(123_456_789.0), gflops_per_second=987_654.0)
        for found in EXAMPLE.training
    )
    peaks = tuple(replace(p, gflops_per_second=987_654.3, spread=spread(987_654.3), threads=128) for p in EXAMPLE.peaks)
    machine = EXAMPLE.machine | {"gpus": ["NVIDIA " + "long name " * 9]}
    limit = replace(EXAMPLE.limit, because="because " * 50)
    large = replace(EXAMPLE, subject=subject, training=fast, peaks=peaks, machine=machine, limit=limit)
    for speed in (EXAMPLE, large, replace(large, subject=replace(subject, device="cpu"))):
        assert max(map(len, table(speed))) <= 80
    assert any("NVIDIA" in line for line in table(large))


def test_an_unsteady_measurement_says_so():
    assert not any("unsteady" in line for line in table(EXAMPLE))
    own = EXAMPLE.training[0]
    wild = replace(own, images_per_second=replace(own.images_per_second, lower_quartile=10_000.0))
    lines = table(replace(EXAMPLE, training=(wild, *EXAMPLE.training[1:])))
    assert any(line.startswith("unsteady: the quartiles of training lie 81% apart") for line in lines)


def test_a_number_of_threads_without_a_choice_is_told_as_such():
    given = replace(EXAMPLE.subject, threads=4, thread_seconds_per_step={})
    assert any(line.startswith("threads: 4 (no choice") for line in table(replace(EXAMPLE, subject=given)))


def test_nets_that_are_no_faster_together_have_no_line():
    assert "together" not in "\n".join(table(replace(EXAMPLE, together=Together())))
