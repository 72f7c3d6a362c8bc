import pytest

from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.once import Once


def test_a_result_and_a_reason_are_sought_once_for_each_set_of_arguments():
    sought = []

    def search(x, y):
        sought.append((x, y))
        if x < y:
            raise NotApplicable(f"{x} is below {y}")
        return x - y

    kept = Once()
    assert [kept(search, *of) for of in ((3, 1), (3, 1), (4, 1))] == [2, 2, 3]
    for _ in range(2):
        with pytest.raises(NotApplicable, match="0 is below 1"):
            kept(search, 0, 1)
    assert sought == [(3, 1), (4, 1), (0, 1)]


def test_any_other_failure_is_raised_and_not_kept():
    answers = iter([MemoryError, None])

    def search():
        if error := next(answers):
            raise error
        return 5

    kept = Once()
    with pytest.raises(MemoryError):
        kept(search)
    assert kept(search) == 5
