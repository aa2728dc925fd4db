"""Eight series side by side: a numba type for one SIMD vector of float64.

A kernel over `Lanes` reads like scalar code with the series index left out: each arithmetic operation acts on
`WIDTH` independent series at once. Nothing is ever reduced across lanes, so the numbers of a series do not depend on
its neighbours. LLVM maps the type to AVX-512, to pairs of AVX2 registers, or to whatever the machine has. Fused
multiply-adds are written out (`fma`), never left to a fast-math flag, so NaN and infinity keep their meaning and
results repeat.
"""

# numba's extension interface carries no types; the functions below exist only inside compiled code
# ruff: noqa: ANN401
# pyright: basic, reportOptionalCall=false, reportCallIssue=false

import operator
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.extending import intrinsic, lower_builtin, register_model
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

from hf_platform.volatility.jit import compiled, inlined

WIDTH: Final = 8


class LanesType(types.Type):
    """Numba type of a vector of `WIDTH` float64."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes{WIDTH}")


class MaskType(types.Type):
    """Numba type of a vector of `WIDTH` booleans, the result of a comparison."""

    def __init__(self) -> None:
        super().__init__(name=f"Mask{WIDTH}")


lanes_type: Final = LanesType()
mask_type: Final = MaskType()
_VECTOR: Final = ir.VectorType(ir.DoubleType(), WIDTH)
_INTEGERS: Final = ir.VectorType(ir.IntType(64), WIDTH)
_MASK: Final = ir.VectorType(ir.IntType(1), WIDTH)


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _VECTOR)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _MASK)


def _arithmetic(symbol: Any, instruction: str) -> None:
    # Teach numba that `lanes <symbol> lanes` is lanes, computed by one LLVM instruction.
    @infer_global(symbol)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if args == (lanes_type, lanes_type):
                return signature(lanes_type, lanes_type, lanes_type)
            return None

    @lower_builtin(symbol, LanesType, LanesType)
    def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


for _symbol, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_symbol, _instruction)


def _constant(value: float) -> ir.Constant:
    return ir.Constant(_VECTOR, [value] * WIDTH)


def _integer(value: int) -> ir.Constant:
    return ir.Constant(_INTEGERS, [value] * WIDTH)


def _call(builder: Any, name: str, *args: Any) -> Any:
    # An LLVM intrinsic over vectors, for example llvm.fma.v8f64.
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * len(args))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{WIDTH}f64")
    return builder.call(function, args)


def _elementwise(name: str, n_args: int) -> Any:
    # A numba function of lanes that is one LLVM intrinsic.
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _call(builder, name, *args)

    if n_args == 1:

        @intrinsic
        def one(typingctx: Any, a: Any) -> Any:
            return lanes_type(lanes_type), codegen

        return one

    @intrinsic
    def three(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
        return lanes_type(lanes_type, lanes_type, lanes_type), codegen

    return three


fma: Final = _elementwise("fma", 3)  # a * b + c, rounded once
absolute: Final = _elementwise("fabs", 1)
square_root: Final = _elementwise("sqrt", 1)


@intrinsic
def splat(typingctx: Any, value: Any) -> Any:
    """Fill all lanes with one number."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[0], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(vector, ir.Constant(_VECTOR, ir.Undefined), zeros)

    return lanes_type(types.float64), codegen


def _row_pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    array = context.make_array(sig.args[0])(context, builder, args[0])
    offset = builder.mul(args[1], ir.Constant(ir.IntType(64), WIDTH))
    return builder.bitcast(builder.gep(array.data, [offset]), _VECTOR.as_pointer())


@intrinsic
def load(typingctx: Any, rows: Any, index: Any) -> Any:
    """Read row `index` of a C-contiguous float64 array of shape (any, WIDTH)."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_row_pointer(context, builder, sig, args), align=8)

    return lanes_type(rows, types.int64), codegen


@intrinsic
def store(typingctx: Any, rows: Any, index: Any, value: Any) -> Any:
    """Write row `index` of a C-contiguous float64 array of shape (any, WIDTH)."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _row_pointer(context, builder, sig, args), align=8)
        return context.get_dummy_value()

    return types.void(rows, types.int64, lanes_type), codegen


@intrinsic
def less(typingctx: Any, a: Any, b: Any) -> Any:
    """Compare lane by lane; false where either is NaN."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fcmp_ordered("<", *args)

    return mask_type(lanes_type, lanes_type), codegen


@intrinsic
def both(typingctx: Any, a: Any, b: Any) -> Any:
    """Combine two masks: true where both hold."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.and_(*args)

    return mask_type(mask_type, mask_type), codegen


@intrinsic
def either(typingctx: Any, a: Any, b: Any) -> Any:
    """Combine two masks: true where at least one holds."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.or_(*args)

    return mask_type(mask_type, mask_type), codegen


@intrinsic
def negated(typingctx: Any, mask: Any) -> Any:
    """Turn a mask around."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.xor(args[0], ir.Constant(_MASK, [1] * WIDTH))

    return mask_type(mask_type), codegen


@intrinsic
def in_any(typingctx: Any, mask: Any) -> Any:
    """Tell whether a mask holds in at least one lane: the only question that a loop may ask of all lanes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(mask_type), codegen


@intrinsic
def where(typingctx: Any, mask: Any, a: Any, b: Any) -> Any:
    """Choose `a` in lanes where the mask holds, `b` elsewhere."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return lanes_type(mask_type, lanes_type, lanes_type), codegen


# ln 2 in two parts: their sum is exact to twice the precision, so x - k ln2 loses nothing.
_LN2_HIGH: Final = 6.93147180369123816490e-01
_LN2_LOW: Final = 1.90821492927058770002e-10
_SHIFT: Final = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer held in the low mantissa bits
_EXP_TERMS: Final = tuple(1.0 / f for f in (39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2))


@intrinsic
def exponential(typingctx: Any, x: Any) -> Any:
    """exp(x), relative error below 2e-15, branch-free; x is first held to [-690, 690]."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x = _call(builder, "maxnum", _call(builder, "minnum", args[0], _constant(690.0)), _constant(-690.0))
        shifted = _call(builder, "fma", x, _constant(1.4426950408889634), _constant(_SHIFT))
        k = builder.fsub(shifted, _constant(_SHIFT))
        r = _call(builder, "fma", k, _constant(-_LN2_HIGH), x)
        r = _call(builder, "fma", k, _constant(-_LN2_LOW), r)
        total: Any = _constant(_EXP_TERMS[0])
        for term in (*_EXP_TERMS[1:], 1.0, 1.0):
            total = _call(builder, "fma", total, r, _constant(term))
        exponent = builder.shl(builder.bitcast(shifted, _INTEGERS), _integer(52))
        return builder.bitcast(builder.add(builder.bitcast(total, _INTEGERS), exponent), _VECTOR)

    return lanes_type(lanes_type), codegen


@inlined
def is_finite(x: Any) -> Any:
    """Mask of the lanes that are neither NaN nor infinite."""
    return less(absolute(x), splat(np.inf))


@inlined
def smaller(a: Any, b: Any) -> Any:
    """Take the smaller number of each lane, `b` where either is NaN."""
    return where(less(a, b), a, b)


@inlined
def larger(a: Any, b: Any) -> Any:
    """Take the larger number of each lane, `b` where either is NaN."""
    return where(less(b, a), a, b)


_MANTISSA: Final = 0x000F_FFFF_FFFF_FFFF
_ONE: Final = 0x3FF0_0000_0000_0000
_EXPONENT_BASE: Final = 0x4330_0000_0000_0000  # 2**52; OR-ing a small integer in adds that integer


@intrinsic
def mantissa(typingctx: Any, x: Any) -> Any:
    """Give the factor in [1, 2) of a positive normal x = mantissa * 2**exponent."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], _INTEGERS)
        return builder.bitcast(builder.or_(builder.and_(bits, _integer(_MANTISSA)), _integer(_ONE)), _VECTOR)

    return lanes_type(lanes_type), codegen


@intrinsic
def exponent(typingctx: Any, x: Any) -> Any:
    """Give the power of two, as float64, of a positive normal x = mantissa * 2**exponent."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.lshr(builder.bitcast(args[0], _INTEGERS), _integer(52))
        as_double = builder.bitcast(builder.or_(bits, _integer(_EXPONENT_BASE)), _VECTOR)
        return builder.fsub(as_double, _constant(4503599627370496.0 + 1023.0))

    return lanes_type(lanes_type), codegen


_SQRT_HALF: Final = 0.7071067811865476
_LOG_TERMS: Final = tuple(2.0 / k for k in (21, 19, 17, 15, 13, 11, 9, 7, 5, 3))


@intrinsic
def logarithm(typingctx: Any, x: Any) -> Any:
    """ln(x) of a positive normal x, absolute error below 1e-15 times max(1, |ln x|), branch-free."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # x = 2**k * m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh((m - 1) / (m + 1)) by its odd series.
        scaled = builder.fmul(args[0], _constant(1.0 / _SQRT_HALF))
        bits = builder.lshr(builder.bitcast(scaled, _INTEGERS), _integer(52))
        k = builder.fsub(
            builder.bitcast(builder.or_(bits, _integer(_EXPONENT_BASE)), _VECTOR),
            _constant(4503599627370496.0 + 1023.0),
        )
        bits = builder.bitcast(scaled, _INTEGERS)
        m = builder.bitcast(builder.or_(builder.and_(bits, _integer(_MANTISSA)), _integer(_ONE)), _VECTOR)
        m = builder.fmul(m, _constant(_SQRT_HALF))
        s = builder.fdiv(builder.fsub(m, _constant(1.0)), builder.fadd(m, _constant(1.0)))
        s2 = builder.fmul(s, s)
        total: Any = _constant(_LOG_TERMS[0])
        for term in (*_LOG_TERMS[1:], 2.0):
            total = _call(builder, "fma", total, s2, _constant(term))
        low = _call(builder, "fma", k, _constant(_LN2_LOW), builder.fmul(total, s))
        return _call(builder, "fma", k, _constant(_LN2_HIGH), low)

    return lanes_type(lanes_type), codegen


@compiled
def next_stop(n_obs: Any, t: int) -> int:
    """Find the smallest series length above `t` among the lanes, or `t` where there is none."""
    stop = t
    for lane in range(WIDTH):
        length = int(n_obs[0, lane])
        if length > t and (stop == t or length < stop):
            stop = length
    return stop
