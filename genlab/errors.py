"""What can go wrong, each with the exit code that the command line documents."""

import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass

EXIT_CODES = {
    0: "done, or already done",
    1: "failed",
    2: "usage or config error",
    3: "some cells of a sweep failed, or a claim could not be told",
    4: "locked by another process",
    5: "data missing or unreadable",
    75: "preempted and resumable",
    130: "interrupted by Ctrl-C, resumable",
}


# Characters that a terminal acts upon (colours, titles, the cursor), breaks of lines, and those that turn the direction
# of text around; surrogates stand for bytes of a file name that are no text.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Text with all that a terminal would act upon written out, as \\x1b and \\n: file names may hold anything."""
    return UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


LONGEST_WORD = 1_000


def shortened(text: str) -> str:
    """Text without the middles of words that no line should hold whole; paths that a system takes stay as they are."""

    def without_middle(match: re.Match[str]) -> str:
        word = match[0]
        return f"{word[:200]}[{len(word) - 400:,} characters left out]{word[-200:]}"

    return re.sub(rf"\S{{{LONGEST_WORD + 1},}}", without_middle, text)


def reason_of(error: OSError | ValueError) -> str:
    """Why the system refuses a path, in its words, with what to do where they do not say it."""
    if not isinstance(error, OSError):
        return str(error)
    reason = error.strerror or str(error)
    return reason + ("; a link leads back to itself" if error.errno == errno.ELOOP else "")


class GenlabError(Exception):
    """A failure with a message for the user: one line that says what, where and the remedy."""

    exit_code = 1

    def __str__(self) -> str:
        return visible(super().__str__())


class UsageError(GenlabError):
    """The command or a config asks for something impossible."""

    exit_code = 2


class LockedError(GenlabError):
    """Another process is at work on the run."""

    exit_code = 4


class DataMissingError(GenlabError):
    """Image data that is absent, truncated or of another format."""

    exit_code = 5


class PreemptedError(GenlabError):
    """The run was stopped by a signal or its time budget, saved, and can be resumed."""

    exit_code = 75


class InterruptedByUserError(GenlabError):
    """The run was stopped by Ctrl-C, saved, and can be resumed."""

    exit_code = 130


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a config: the dotted key and what is wrong with it."""

    key: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.message}" if self.where else f"{self.key}: {self.message}"


class ConfigError(UsageError):
    """One or more problems of a config, all reported at once, a line each."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __str__(self) -> str:
        return "\n".join(visible(str(problem)) for problem in self.problems)

    @classmethod
    def at(cls, key: str, message: str) -> "ConfigError":
        """A single problem at one dotted key; the reader of the file adds where that key stands."""
        return cls([Problem(key, message)])
