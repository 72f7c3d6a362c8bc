"""A measure config: which measures, with which options."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from genlab.config.schema.section import Section


def _which_or_names(value: object) -> object:
    names = value if isinstance(value, list | tuple) else ()
    if value not in ("all", "quick") and not (names and all(isinstance(name, str) for name in names)):
        raise ValueError("must be all, quick, or a list of names of measures")
    return tuple(names) or value  # pydantic before 2.11 takes no list for a tuple within a union


Which = Literal["all", "quick"]
Names = Annotated[tuple[str, ...], Field(strict=False)]


def _one_set_or_several(value: object) -> object:
    sets = value if isinstance(value, list | tuple) else (value,)
    if not (sets and all(isinstance(values, dict) for values in sets)):
        raise ValueError("must be a mapping of options to values, or a list of such mappings")
    return value if isinstance(value, dict) else tuple(sets)


Values = dict[str, Any]
Sets = Annotated[tuple[Values, ...], Field(strict=False, min_length=1)]
Options = dict[str, Annotated[Values | Sets, BeforeValidator(_one_set_or_several)]]


class MeasureConfig(Section):
    """What `genlab measure` computes for each run."""

    only: Annotated[Which | Names, BeforeValidator(_which_or_names)] = Field(
        "all",
        description="Names of measures, all, or quick: all but those of cost `passes`; `genlab ls measures` has them.",
    )
    options: Options = Field(
        default_factory=dict,
        description="By measure, values of its options, e.g. log_l2_path_norm: {max_pool: sum}; in a list several sets "
        "of them, {} for the defaults.",
    )
    at_epochs: bool = Field(
        False, description="Also at every epoch whose weights the run kept (execution.keep_weights_at)."
    )

    def path_of_options(self, key: str) -> tuple[str | int, ...] | None:
        """Where in the config a dotted key of options stands, such as `pq_norm.p`, or `pq_norm.0.p` of the first set.

        None where it is no key of options. Names with dots in them are mistakes, which have a place too.
        """
        for name, given in self.options.items():
            if key == name:
                return "options", name
            if key.startswith(f"{name}."):
                rest = key.removeprefix(f"{name}.")
                number, _, option = rest.partition(".")
                return ("options", name, rest) if isinstance(given, dict) else ("options", name, int(number), option)
        return None
