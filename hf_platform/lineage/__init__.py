"""Where a number comes from: explain it, compute it again, compare two states of the lake."""
