"""The derivatives of linear algebra: products, then decompositions of real matrices."""

from typing import Any

import numpy as np

from ..autograd.registry import derivative, primitive

# --- products -----------------------------------------------------------------------------------


def matmul_x(g: Any, x_shape: Any, y: Any) -> Any:
    """g y^T, where a vector x stands for a row and a vector y for a column."""
    if y.ndim == 1:
        return g[..., None] * y
    return (y @ g[..., None])[..., 0] if len(x_shape) == 1 else g @ y.mT


def matmul_y(g: Any, x: Any, y_shape: Any) -> Any:
    """x^T g, where a vector x stands for a row and a vector y for a column."""
    if x.ndim == 1:
        return g * x if len(y_shape) == 1 else x[:, None] * g[..., None, :]
    return (x.mT @ g[..., None])[..., 0] if len(y_shape) == 1 else x.mT @ g


derivative(np.matmul, x=matmul_x, y=matmul_y)


@primitive
def contract(operands: Any, inputs: Any, output: str) -> Any:
    """Einstein's sum, where no letter is repeated in an input or stands in one input alone."""
    return np.einsum(f"{','.join(inputs)}->{output}", *operands, optimize=len(operands) > 1)


def contract_rule(g: Any, operands: Any, inputs: Any, output: str) -> Any:
    """For each operand, the sum in which it and the output have changed places."""
    for i, own in enumerate(inputs):
        others = [*operands[:i], g, *operands[i + 1 :]]
        yield contract(others, [*inputs[:i], output, *inputs[i + 1 :]], own)


derivative(contract, operands=contract_rule)


# --- solving and decompositions -----------------------------------------------------------------


def solve_b(g: Any, a: Any, b_shape: Any) -> Any:
    """a^-T g, where a vector b stands for a column."""
    vector = len(b_shape) == 1
    back = np.linalg.solve(a.mT, g[..., None] if vector else g)
    return back[..., 0] if vector else back


def solve_a(g: Any, z: Any, a: Any, b_shape: Any) -> Any:
    """-(a^-T g) z^T."""
    back = solve_b(g, a, b_shape)
    return -back[..., :, None] * z[..., None, :] if len(b_shape) == 1 else -back @ z.mT


def pinv_rule(g: Any, z: Any, a: Any) -> Any:
    """-z^T g z^T + (1 - a z) g^T z z^T + z^T z g^T (1 - z a) (Golub & Pereyra 1973, eq. 4.12)."""
    m, n = a.shape[-2:]
    left, right = np.eye(m, dtype=a.dtype) - a @ z, np.eye(n, dtype=a.dtype) - z @ a
    return -z.mT @ g @ z.mT + left @ g.mT @ z @ z.mT + z.mT @ z @ g.mT @ right


def cholesky_rule(g: Any, z: Any, upper: Any) -> Any:
    """L^-T phi(L^T g) L^-1, symmetric; phi takes the lower half (Murray 2016, eq. 9)."""
    lower, g = (z.mT, g.mT) if upper else (z, g)
    half = np.tril(lower.mT @ g)
    half = half - 0.5 * half * np.eye(half.shape[-1], dtype=half.dtype)
    s = np.linalg.solve(lower.mT, np.linalg.solve(lower.mT, half.mT).mT)
    return 0.5 * (s + s.mT)


def _inverse_gaps(values: Any) -> Any:
    """1 / (v[j] - v[i]), and 0 for i = j."""
    gaps = values[..., None, :] - values[..., :, None]
    same = np.eye(values.shape[-1], dtype=bool)
    return np.where(same, 0.0, 1.0 / np.where(same, 1.0, gaps))


@primitive
def packed_eigh(a: Any, UPLO: Any = "L") -> Any:
    """The eigenvalues as a row, on top of the matrix whose columns are the eigenvectors."""
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], v], -2)


def eigh_rule(g: Any, z: Any) -> Any:
    """v (diag g_w + (v^T g_v) / gaps) v^T, symmetric (Giles 2008, sec. 3.1)."""
    w, v, g_w, g_v = z[..., 0, :], z[..., 1:, :], g[..., :1, :], g[..., 1:, :]
    inner = _inverse_gaps(w) * (v.mT @ g_v) + g_w * np.eye(w.shape[-1], dtype=w.dtype)
    s = v @ inner @ v.mT
    return 0.5 * (s + s.mT)


@primitive
def packed_svd(a: Any) -> Any:
    """The singular values as a row, on top of u and v, whose columns are the singular vectors."""
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([s[..., None, :], u, vt.mT], -2)


def svd_rule(g: Any, z: Any, a_shape: Any) -> Any:
    """The gradient through the thin decomposition u diag(s) v^T (Townsend 2016, eq. 11)."""
    m = a_shape[-2] + 1
    s, u, v = z[..., :1, :], z[..., 1:m, :], z[..., m:, :]
    g_s, g_u, g_v = g[..., :1, :], g[..., 1:m, :], g[..., m:, :]
    gaps = _inverse_gaps((s * s)[..., 0, :])
    u_part, v_part = u.mT @ g_u, v.mT @ g_v
    inner = gaps * (u_part - u_part.mT) * s + s.mT * (gaps * (v_part - v_part.mT))
    inner = inner + g_s * np.eye(s.shape[-1], dtype=s.dtype)
    outer = (g_u - u @ u_part) / s @ v.mT + u / s @ (g_v - v @ v_part).mT
    return u @ inner @ v.mT + outer


@primitive
def log_abs_det(a: Any) -> Any:
    """log |det a|."""
    return np.linalg.slogdet(a)[1]


derivative(np.linalg.inv, a=lambda g, z: -z.mT @ g @ z.mT)
derivative(np.linalg.solve, a=solve_a, b=solve_b)
derivative(np.linalg.pinv, a=pinv_rule)
derivative(np.linalg.det, a=lambda g, z, a: (g * z)[..., None, None] * np.linalg.inv(a).mT)
derivative(log_abs_det, a=lambda g, a: g[..., None, None] * np.linalg.inv(a).mT)
derivative(np.linalg.cholesky, a=cholesky_rule)
derivative(packed_eigh, a=eigh_rule)
derivative(packed_svd, a=svd_rule)
