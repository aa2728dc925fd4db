"""Market data: from sources to bars.

    source -> quarantine.split -> market.raw_prices -> bars.build_bars (newest vintage, flags, folds) -> market.bars

Missing values, field by field: a row without a close is no bar and goes to `market.quarantine`; open,
high, low and volume that a source does not have are null and stay null in every coarser bar that
they would have shaped. Nothing is filled, carried forward or carried back, at any step. What is odd
but usable keeps its value and carries a flag (`cleaning`).

Two clocks: `event_at` is the close of the bar, `known_at` the moment from which a reader could have
used it. A restated value is appended with its arrival as known_at, so a read with an older `as_of`
still sees what was believed then.
"""
