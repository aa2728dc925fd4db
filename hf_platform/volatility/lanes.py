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
def align_stack(typingctx: Any) -> Any:
    """Have the calling function spill vectors to whole cache lines; otherwise chance decides, at half the speed."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.function.attributes.add("nounwind")  # true of all numba code; llvmlite prints no alignment alone
        builder.function.attributes.alignstack = 8 * WIDTH
        return context.get_dummy_value()

    return types.void(), codegen


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


def _polynomial(builder: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    # Lowest power first. Estrin's scheme: halves side by side, so that the chain of operations grows with the log of
    # the degree; a recursion that waits for an exponential is as fast as that chain is short.
    terms: list[Any] = [_constant(c) for c in coefficients]
    while len(terms) > 1:
        pairs = [_call(builder, "fma", terms[i + 1], x, terms[i]) for i in range(0, len(terms) - 1, 2)]
        terms = pairs + terms[2 * len(pairs) :]
        x = builder.fmul(x, x)
    return terms[0]


_SHIFT: Final = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer held in the low mantissa bits
_LN2: Final = 0.6931471805599453
# Best polynomial (Remez) for exp on [-ln2 / 2, ln2 / 2] that starts with 1 + x: relative error 3e-16.
_EXP_TERMS: Final = (
    1.0, 1.0, 0.49999999999998324, 0.16666666666611513, 0.04166666666813741, 0.008333333370892098,
    0.0013888888516073437, 0.00019841185203058262, 2.4801931779903105e-05, 2.763500604187227e-06,
    2.7476808439187535e-07,
)  # fmt: skip
_EXP_BOUND: Final = 690.0


def _exponential(factor: float) -> Any:
    # exp(factor * x) as a numba function; the factor, a power of two, hides in the constants.
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        high = _constant(_EXP_BOUND / abs(factor))
        low = _constant(-_EXP_BOUND / abs(factor))
        x = builder.select(builder.fcmp_ordered("<", args[0], high), args[0], high)
        x = builder.select(builder.fcmp_ordered(">", x, low), x, low)
        shifted = _call(builder, "fma", x, _constant(factor / _LN2), _constant(_SHIFT))
        k = builder.fsub(shifted, _constant(_SHIFT))
        rest = _call(builder, "fma", k, _constant(-_LN2 / factor), x)
        total = _polynomial(builder, rest, tuple(c * factor**i for i, c in enumerate(_EXP_TERMS)))
        exponent = builder.shl(builder.bitcast(shifted, _INTEGERS), _integer(52))
        return builder.bitcast(builder.add(builder.bitcast(total, _INTEGERS), exponent), _VECTOR)

    @intrinsic
    def apply(typingctx: Any, x: Any) -> Any:
        return lanes_type(lanes_type), codegen

    return apply


# Relative error below 1e-15 + 5e-17 |x|, branch-free; the exponent is first held to [-690, 690], NaN to an end of it.
exponential: Final = _exponential(1.0)
inverse_volatility: Final = _exponential(-0.5)  # exp(-x / 2): 1 / sigma from the log of sigma**2


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


# ln 2 in two parts: their sum is exact to twice the precision, so k ln2 loses nothing.
_LN2_HIGH: Final = 6.93147180369123816490e-01
_LN2_LOW: Final = 1.90821492927058770002e-10
_SQRT_HALF: Final = 0.7071067811865476
# Best polynomial in s**2 for ln((1 + s) / (1 - s)) / s, |s| < 0.172, that starts with 2: relative error 2e-16.
_LOG_TERMS: Final = (
    2.0, 0.666666666665871, 0.4000000005232875, 0.28571417120149345, 0.22223372411902745, 0.181236178072964,
    0.1682013246506039,
)  # fmt: skip


@intrinsic
def logarithm(typingctx: Any, x: Any) -> Any:
    """ln(x) of a positive normal x, absolute error below 1e-15 times max(1, |ln x|), branch-free."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # x = 2**k * m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m - 1) / (m + 1).
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
        total = _polynomial(builder, builder.fmul(s, s), _LOG_TERMS)
        low = _call(builder, "fma", k, _constant(_LN2_LOW), builder.fmul(total, s))
        return _call(builder, "fma", k, _constant(_LN2_HIGH), low)

    return lanes_type(lanes_type), codegen


@compiled
def new_rows(n: int) -> Any:
    """Allocate n rows of lanes, zeros, each on one cache line."""
    raw = np.zeros((n + 1) * WIDTH)
    skip = (-raw.ctypes.data // 8) % WIDTH
    return raw[skip : skip + n * WIDTH].reshape(n, WIDTH)


@compiled
def next_stop(n_obs: Any, t: int) -> int:
    """Find the smallest series length above `t` among the lanes, or `t` where there is none."""
    stop = t
    for lane in range(WIDTH):
        length = int(n_obs[0, lane])
        if length > t and (stop == t or length < stop):
            stop = length
    return stop
