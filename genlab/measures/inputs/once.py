"""Results of a search that many measures ask for, each made once for its arguments."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from genlab.measures.computing.value import NotApplicable

Found = TypeVar("Found")


class Once(Generic[Found]):
    """Keeps what a search has found, and the reason where it has found nothing.

    The search is given with each call and not kept, so that what it holds is freed with its owner.
    """

    def __init__(self) -> None:
        self._results: dict[tuple[Hashable, ...], Found] = {}
        self._reasons: dict[tuple[Hashable, ...], str] = {}

    def __call__(self, search: Callable[..., Found], *arguments: Hashable) -> Found:
        """What the search finds with these arguments.

        Raises:
            NotApplicable: it finds nothing, now or before.
        """
        if arguments in self._reasons:
            raise NotApplicable(self._reasons[arguments])
        if arguments not in self._results:
            try:
                self._results[arguments] = search(*arguments)
            except NotApplicable as why:
                self._reasons[arguments] = str(why)
                raise
        return self._results[arguments]
