import itertools

import pytest
import torch

from genlab.compression.positions import bits_of, decoded, encoded
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import magnitude_pruning as reference


def places(text: str) -> torch.Tensor:
    return torch.tensor([letter == "1" for letter in text])


def test_codes_known_beforehand():
    assert encoded(places("1000000001"), "bitmap").tolist() == [0b10000000, 0b01000000]
    # Ten places take four bits each: 0000 and 1001.
    assert encoded(places("1000000001"), "indices").tolist() == [0b00001001]
    assert encoded(places("0010000000"), "indices").tolist() == [0b00100000]


def test_bits_are_a_bit_a_place_or_as_many_as_tell_the_places_apart():
    assert bits_of("bitmap", 3, 17) == 17
    for number, width in [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (256, 8), (257, 9)]:
        assert bits_of("indices", 3, number) == 3 * width


@pytest.mark.parametrize("code", ["bitmap", "indices"])
def test_every_choice_of_few_places_comes_back(code):
    for count in range(8):
        for choice in itertools.product([False, True], repeat=count):
            taken = torch.tensor(choice, dtype=torch.bool)
            data = encoded(taken, code)
            assert data.dtype == torch.uint8
            assert len(data) == -(-bits_of(code, sum(choice), count) // 8)
            assert torch.equal(decoded(data, code, sum(choice), count), taken)


@pytest.mark.parametrize("code", ["bitmap", "indices"])
@pytest.mark.parametrize("count", [9, 300, 70_001])
def test_many_places_come_back_and_are_what_reading_bit_by_bit_finds(code, count):
    taken = torch.rand(count, generator=generator(count)) < 0.1
    data, number = encoded(taken, code), int(taken.sum())
    assert torch.equal(decoded(data, code, number, count), taken)
    assert reference.places_of(data.tolist(), code, number, count) == taken.nonzero().flatten().tolist()


@pytest.mark.parametrize(
    ("data", "code", "taken", "count"),
    [
        ([0b11000000], "bitmap", 1, 8),  # two are taken
        ([0b10000000, 0], "bitmap", 1, 8),  # a byte too many
        ([0b00110000], "indices", 3, 9),  # four bits each, and two are missing
        ([0b11110000], "indices", 1, 9),  # place 15 of 9
        ([0b00100010], "indices", 2, 9),  # one place twice
        ([], "indices", 1, 9),
    ],
)
def test_bytes_that_are_no_such_places_are_refused(data, code, taken, count):
    with pytest.raises(UsageError, match=f"{len(data)} bytes are no {code} of {taken} among {count} places"):
        decoded(torch.tensor(data, dtype=torch.uint8), code, taken, count)


def test_bytes_are_bytes():
    with pytest.raises(UsageError, match="are no bitmap"):
        decoded(torch.tensor([1.0]), "bitmap", 1, 8)
