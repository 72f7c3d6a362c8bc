"""From a run or a net to the values of measures."""
