import pytest

from tests.config.examples import problems_of, read

TEXT = """\
name: a
data: {name: digits}
model: {name: MODEL}
training: {procedure: PROCEDURE}
"""
GRADIENT = "{optimiser: {name: sgd, learning_rate: 0.1}, stop: {epochs: 1}, batch_size: 8}"


def text(model, procedure):
    whole = TEXT.replace("MODEL", model).replace("PROCEDURE", procedure)
    return whole.replace("{procedure: gradient}", GRADIENT)


@pytest.mark.parametrize(
    ("model", "procedure"),
    [
        ("theorem1", "construct"),
        ("theorem1", "none"),
        ("gaussian_kernel", "interpolate"),
        ("gaussian_kernel", "none"),
        ("random_features", "interpolate"),
        ("mlp", "interpolate"),
        ("mlp", "none"),
        ("mlp", "gradient"),
    ],
)
def test_a_procedure_takes_the_nets_that_it_can_make(tmp_path, model, procedure):
    assert problems_of(tmp_path, text(model, procedure)) == []


@pytest.mark.parametrize(
    ("model", "procedure", "told"),
    [
        ("theorem1", "gradient", "training.procedure: gradient cannot make the net theorem1; use construct"),
        ("theorem1", "interpolate", "training.procedure: interpolate cannot make the net theorem1; use construct"),
        ("gaussian_kernel", "gradient", "training.procedure: gradient cannot make the net gaussian_kernel; use inter"),
        ("random_features", "construct", "training.procedure: construct cannot make the net random_features; use"),
        ("mlp", "construct", "model.name: construct makes the net theorem1 and no other; use that"),
    ],
)
def test_what_does_not_go_together_is_told_in_one_line_with_its_place(tmp_path, model, procedure, told):
    (line,) = problems_of(tmp_path, text(model, procedure))
    assert told in line
    assert line.startswith("small.yaml:")


def test_augmentation_is_of_training(tmp_path):
    (line,) = problems_of(tmp_path, text("theorem1", "construct"), "data.augmentation.flip=true")
    assert "data.augmentation: construct looks at each image once" in line


def test_conjugate_gradients_are_of_the_kernel_machine(tmp_path):
    solver = "training.solver.name=conjugate_gradients"
    (line,) = problems_of(tmp_path, text("mlp", "interpolate"), solver)
    assert "training.solver.name: conjugate_gradients is of gaussian_kernel; mlp takes direct" in line
    assert read(tmp_path, text("gaussian_kernel", "interpolate"), solver).training.solver.landmarks == 1000
