"""What a measure may ask for, by parameter name. Each is computed once a run, on first use.

An input's parameters name other inputs, of whatever file: that there are such is seen once all are registered.
`subject` is the `Subject`; `consumer` the name of the measure or input that asks.
"""

from genlab.config.vocabulary import Input, provider

INPUTS: dict[str, Input] = {}
provides = provider(INPUTS, in_order=False)
