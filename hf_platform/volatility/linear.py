"""Small symmetric systems, eight at a time: Cholesky factors and solutions over the coordinates that are free.

Operands are row numbers of the workspace. A coordinate that a lane holds gets the row of the identity, so that no lane
needs a branch of its own.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, PLR0917
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.jit import compiled
from hf_platform.volatility.lanes import absolute, both, either, less, load, splat, square_root, store, where


@compiled
def factorise(work, matrix, held, n, tolerance, factor):
    """Write the Cholesky factor, its diagonal as reciprocals. Return the lanes that are positive definite."""
    zero, one = splat(0.0), splat(1.0)
    definite = less(zero, one)
    for i in range(n):
        held_i = less(zero, load(work, held + i))
        for j in range(i):
            blocked = either(held_i, less(zero, load(work, held + j)))
            total = where(blocked, zero, load(work, matrix + i * n + j))
            for m in range(j):
                total = total - load(work, factor + i * n + m) * load(work, factor + j * n + m)
            store(work, factor + i * n + j, total * load(work, factor + j * n + j))
        diagonal = where(held_i, one, load(work, matrix + i * n + i))
        total = diagonal
        for m in range(i):
            part = load(work, factor + i * n + m)
            total = total - part * part
        positive = less(splat(tolerance) * absolute(diagonal), total)
        definite = both(definite, positive)
        store(work, factor + i * n + i, one / square_root(where(positive, total, one)))
    return definite


@compiled
def solve_lower(work, factor, rhs, n, out):
    """Solve L out = rhs."""
    for i in range(n):
        total = load(work, rhs + i)
        for m in range(i):
            total = total - load(work, factor + i * n + m) * load(work, out + m)
        store(work, out + i, total * load(work, factor + i * n + i))


@compiled
def solve_upper(work, factor, n, out):
    """Solve L' out = out in place."""
    for back in range(n):
        i = n - 1 - back
        total = load(work, out + i)
        for m in range(i + 1, n):
            total = total - load(work, factor + m * n + i) * load(work, out + m)
        store(work, out + i, total * load(work, factor + i * n + i))
