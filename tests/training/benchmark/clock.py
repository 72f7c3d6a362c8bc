"""A clock that only moves when work says so."""


class Clock:
    """Stands for `time.perf_counter`; work takes the seconds it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def works(self, seconds: float, result: object = None):
        """A function that takes so many seconds."""

        def work(*arguments: object, **options: object) -> object:
            self.now += seconds
            return result

        return work
