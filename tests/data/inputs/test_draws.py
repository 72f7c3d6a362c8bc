import numpy as np
import pytest

from genlab.data.inputs.draws import chunks, normals, permutations, words

ALL = np.arange(20_000, dtype=np.uint64)
SEED = 2**62 + 12345


def chi_square(counts):
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum())


def splitmix64(start):
    """The published generator, a word at a time in whole numbers of any size."""
    while True:
        start = (start + 0x9E3779B97F4A7C15) % 2**64
        z = (start ^ (start >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        yield z ^ (z >> 31)


def test_the_words_of_an_image_are_those_of_splitmix64_begun_at_a_word_of_the_seed():
    own = splitmix64(SEED)
    for row in words(SEED, ALL[:3], 5).tolist():
        assert row == [word for word, _ in zip(splitmix64(next(own)), range(5), strict=False)]


def test_splitmix64_begins_as_published():
    """The first words for the seed 1234567 of the reference implementation."""
    first = splitmix64(1234567)
    assert [next(first) for _ in range(2)] == [6457827717110365317, 3203168211198807973]


@pytest.mark.parametrize("draw", [words, permutations, normals])
def test_the_draws_of_an_image_depend_on_no_other(draw):
    some = np.array([7, 19_999, 3], dtype=np.uint64)
    whole = draw(SEED, ALL, 9)
    assert np.array_equal(draw(SEED, some, 9), whole[[7, 19_999, 3]])
    assert not np.array_equal(draw(SEED + 1, some, 9), whole[[7, 19_999, 3]])
    assert len(np.unique(whole[:100], axis=0)) == 100


@pytest.mark.parametrize("count", [1, 2, 3, 64, 1024])
def test_permutations_are_permutations(count):
    drawn = permutations(SEED, ALL[:50], count)
    assert np.array_equal(np.sort(drawn, axis=1), np.tile(np.arange(count), (50, 1)))


def test_all_orders_of_four_are_as_frequent():
    drawn = permutations(SEED, ALL, 4)
    _, counts = np.unique(drawn @ np.array([64, 16, 4, 1]), return_counts=True)
    assert len(counts) == 24
    assert chi_square(counts) < 57.1  # the 0.9999 quantile at 23 degrees of freedom


def test_every_position_of_a_small_image_goes_everywhere():
    drawn = permutations(SEED, ALL, 9)
    for position in range(9):
        assert chi_square(np.bincount(drawn[:, position], minlength=9)) < 31.9  # the 0.9999 quantile at 8


def test_normals_are_standard_and_independent():
    drawn = normals(SEED, ALL, 50)
    n = drawn.size
    assert abs(drawn.mean()) < 4 / n**0.5
    assert abs(drawn.var() - 1) < 4 * (2 / n) ** 0.5
    assert abs((drawn**4).mean() - 3) < 4 * (96 / n) ** 0.5
    within = np.corrcoef(drawn, rowvar=False)[~np.eye(50, dtype=bool)]
    assert np.abs(within).max() < 5.5 / len(ALL) ** 0.5
    next_image = np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]
    assert abs(next_image) < 4 / len(ALL) ** 0.5


def test_an_odd_number_of_normals_leaves_one_of_a_pair_out():
    assert normals(SEED, ALL[:2], 7).shape == (2, 7)


def test_chunks_are_all_images_in_their_order():
    found = np.concatenate([ALL[part] for part in chunks(len(ALL), 1000)])
    assert np.array_equal(found, ALL)
    assert len(list(chunks(3, 10**9))) == 3
