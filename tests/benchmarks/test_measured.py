"""Both sides of the contests of measures give the same answers; how fast they are is not tested."""

import pytest

from tests.benchmarks.curvature import genlab_top, genlab_trace, usual_top, usual_trace
from tests.benchmarks.duality import genlab_duality, usual_duality
from tests.benchmarks.gradients import genlab_gradients, usual_gradients
from tests.benchmarks.interlayer import compared, genlab_interlayer, usual_interlayer
from tests.benchmarks.measured_nets import MeasuredNet
from tests.benchmarks.noise import genlab_sigma, usual_sigma
from tests.benchmarks.norm_family import FAMILY, genlab_family, usual_family

NETS = (MeasuredNet(None, 300), MeasuredNet(1 / 32, 50))


@pytest.fixture(scope="module", params=NETS, ids=lambda net: net.title)
def subject(request):
    return request.param.subject()


def test_norms_and_margins_are_those_of_the_script(subject):
    usual, genlab = usual_family(subject), genlab_family(subject)
    expected = {name: usual[name] for name in FAMILY}
    # The script's power iterations in float32 are what is off, and the smallest margins.
    assert {name: genlab[name] for name in FAMILY} == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_gradients_are_those_of_the_script(subject):
    assert genlab_gradients(subject) == pytest.approx(usual_gradients(subject), rel=1e-4)


def test_interlayer_cushions_are_those_of_the_script():
    subject = MeasuredNet(None, 20, hidden=9, depth=3).subject()
    usual, genlab = usual_interlayer(subject, 20), genlab_interlayer(subject, 20)
    assert len(usual) == 6
    assert genlab == pytest.approx(usual, rel=1e-4)
    assert compared(usual, genlab, usual_images=20, images=20).startswith("1 to 7: ")


def test_sharpness_and_size_are_those_of_the_loops():
    subject = MeasuredNet(None, 80, hidden=6).subject()
    usual, genlab = usual_duality(subject, 20), genlab_duality(subject, 20)
    assert genlab == pytest.approx(usual, rel=1e-3)


def test_sigma_is_that_of_the_script(subject):
    (usual, _), (genlab, error) = usual_sigma(subject), genlab_sigma(subject)
    # The script has 10 draws where here there are 32 or more: its error is twice as large.
    assert abs(usual - genlab) < 3 * 2.2 * error


def test_the_top_eigenvalue_and_the_trace_are_those_of_the_script(subject):
    # Power iteration stops when two values agree to 1e-3, and is below.
    assert usual_top(subject).value == pytest.approx(genlab_top(subject).value, rel=0.02)
    usual, genlab = usual_trace(subject), genlab_trace(subject)
    assert abs(usual.value - genlab.value) < 3 * (usual.error**2 + genlab.error**2) ** 0.5
