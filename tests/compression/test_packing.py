import pytest
import torch

from genlab.compression.packing import bytes_for, packed, unpacked
from tests.compression.examples import generator
from tests.references import uniform_quantisation as reference


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 11, 16])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 29])
def test_codes_come_back_and_are_read_bit_by_bit(width, count):
    codes = torch.randint(2**width, (count,), generator=generator(width))
    data = packed(codes, width)
    assert (data.dtype, data.numel()) == (torch.uint8, bytes_for(count, width))
    assert unpacked(data, width, count).tolist() == codes.tolist()
    assert reference.codes_in(data.tolist(), width, count) == codes.tolist()


def test_more_codes_than_are_taken_apart_at_once_are_the_same_bytes(monkeypatch):
    codes = torch.randint(8, (100,), generator=generator(0))
    whole = packed(codes, 3)
    monkeypatch.setattr("genlab.compression.packing.CHUNK", 16)
    assert torch.equal(packed(codes, 3), whole)
    assert torch.equal(unpacked(whole, 3, 100), codes)


def test_codes_of_no_bits_are_all_zero():
    assert packed(torch.zeros(5, dtype=torch.int64), 0).numel() == 0
    assert unpacked(torch.empty(0, dtype=torch.uint8), 0, 5).tolist() == [0] * 5


@pytest.mark.parametrize(
    "data", [torch.zeros(3, dtype=torch.uint8), torch.zeros(2), torch.zeros(1, 2, dtype=torch.uint8)]
)
def test_bytes_of_something_else_are_refused(data):
    with pytest.raises(ValueError, match="are not 5 codes of 3 bits"):
        unpacked(data, 3, 5)
