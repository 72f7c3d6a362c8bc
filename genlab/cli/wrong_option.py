"""What to type in place of an option that a verb does not have, where it is a key of a config."""

import difflib
import shlex
from collections.abc import Sequence
from typing import Any

# Names of the parameters that take changes of a config, as KEY.PATH=VALUE.
CHANGES = ("overrides", "targets")
MOST = 3


def say_how_to_write(error: Any, arguments: Sequence[str]) -> None:
    """Add to the message of an unknown option the change of the config that was meant, in place.

    Args:
        error: of the command line, of whatever kind.
        arguments: that were typed.
    """
    option, context = str(getattr(error, "option_name", "")), getattr(error, "ctx", None)
    if type(error).__name__ != "NoSuchOption" or not option.startswith("--") or context is None:
        return
    keys, exact = _keys(option)
    if not keys:
        return
    value = _value(option, arguments)
    written = " or ".join(shlex.quote(f"{key}={value}") for key in keys[:MOST])
    if any(parameter.name in CHANGES for parameter in context.command.params):
        if exact:
            error.possibilities = None
            error.message += f"; it is a key of the config, write {written}"
        elif not error.possibilities:
            error.message += f"; keys of the config are written {written}"
    elif exact:
        error.message += f"; it is a key of the config, as in genlab train CONFIG {written}"


def _keys(option: str) -> tuple[list[str], bool]:
    """The keys of a train config that an option names, whole or by their last part; else the nearest, and False."""
    from genlab.config.schema import TrainConfig
    from genlab.config.validation import known_keys

    dotted = [".".join(map(str, key)) for key in known_keys(TrainConfig)]
    leaves = [key for key in dict.fromkeys(dotted) if not any(other.startswith(f"{key}.") for other in dotted)]
    word = option.partition("=")[0].lstrip("-").replace("-", "_")
    exact = [key for key in leaves if word in (key, key.rpartition(".")[2])]
    if exact:
        return exact, True
    last = {key.rpartition(".")[2]: key for key in reversed(leaves)}
    near = difflib.get_close_matches(word, [*last, *leaves], n=1, cutoff=0.75)
    return ([last.get(near[0], near[0])] if near else []), False


def _value(option: str, arguments: Sequence[str]) -> str:
    """What was typed for it, after an equals sign or as the next word."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == option.partition("=")[0]:
            following = arguments[index + 1] if index + 1 < len(arguments) else ""
            return value if equals else following if following and not following.startswith("-") else "VALUE"
    return "VALUE"
