import pytest
import torch

from genlab.linalg import symmetric_blocks as module
from genlab.linalg.symmetric_blocks import SymmetricBlocks


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)


def matrix(n=11):
    root = torch.randn(n, n, generator=torch.Generator().manual_seed(0))
    return root + root.T


def blocks(k, keep_bytes):
    made = []

    def block(rows, columns):
        made.append((rows.start, columns.start))
        return k[rows, columns].clone()

    return SymmetricBlocks(block, len(k), keep_bytes=keep_bytes), made


def test_it_applies_the_matrix_from_the_blocks_below_the_diagonal():
    k = matrix()
    vectors = torch.arange(22.0, dtype=torch.float64).view(11, 2)
    operator, made = blocks(k, 10**6)
    assert torch.allclose(operator(vectors), k.double() @ vectors, atol=1e-4)
    assert made == [(0, 0), (4, 0), (4, 4), (8, 0), (8, 4), (8, 8)]


def test_what_is_kept_is_not_made_again_and_changes_no_bit():
    k, vectors = matrix(), torch.arange(22.0, dtype=torch.float64).view(11, 2)
    expected = blocks(k, 0)[0](vectors)
    for keep_bytes, again in ((0, 6), (3 * 64, 3), (10**6, 0)):
        operator, made = blocks(k, keep_bytes)
        operator(vectors)
        made.clear()
        assert torch.equal(operator(vectors), expected)
        assert len(made) == again
        assert operator.kept == pytest.approx((6 - again) / 6)


def test_whoever_watches_is_asked_after_each_block_and_may_end_it():
    operator, _ = blocks(matrix(), 0)
    seen = []

    def each():
        seen.append(1)
        if len(seen) == 3:
            raise KeyError

    with pytest.raises(KeyError):
        operator(torch.ones(11, 1, dtype=torch.float64), each)
    assert len(seen) == 3
