"""The layers of the design: imports point down, and the library imports NumPy alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "minigrad"

# From the ground up. A module may import those of lower rank, and its own package.
LAYERS = [
    "errors",
    "autograd.modes",
    "autograd.memory",
    "autograd.registry",
    "autograd.tape",
    "autograd.record",
    "autograd.operators",
    "autograd.tensor",
    "autograd",
    "ops.arrays ops.elementwise ops.linalg",
    "ops",
    "compositions",
    "creation clipping serialization",
    "func replay",
    "nn.hooks",
    "nn.kernels.conv nn.kernels.functions nn.kernels.layers",
    "nn.kernels.recurrent",
    "nn.init nn.kernels nn.module",
    "nn.functional",
    "nn.functions nn.layers nn.recurrent nn.utils",
    "nn.containers",
    "nn optim.bucket",
    "optim.optimizer",
    "optim.descent optim.lr_scheduler",
    "optim utils.data",
    "amp",
    "utils",
    "datasets testing.gradcheck testing.strategies",
    "testing",
    "",
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split() or [""]}
OUTSIDE = {"testing.strategies": {"hypothesis"}}  # beside NumPy and the standard library


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> list[tuple[bool, str]]:
    """What a file imports: whether from within, and the module."""
    found = []
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(False, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append((False, node.module or ""))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found += [(True, ".".join([*base, *(name or "").split(".")])) for name in names]
    return found


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_down(path: Path) -> None:
    own = module_name(path)
    assert own in RANK, f"{own} has no rank in LAYERS"
    for within, target in imports(path):
        if within:
            inner = target.startswith(own + ".") if own else True
            assert inner or RANK[target] < RANK[own], f"{own} imports {target}, which is above it"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_only_numpy_and_the_standard_library_are_imported(path: Path) -> None:
    allowed = {"numpy"} | set(sys.stdlib_module_names) | OUTSIDE.get(module_name(path), set())
    for within, target in imports(path):
        assert within or target.split(".")[0] in allowed, f"{module_name(path)} imports {target}"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_stand_at_the_top(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inner = [n for n in ast.walk(function) if isinstance(n, (ast.Import, ast.ImportFrom))]
            assert not inner, f"{module_name(path)}.{function.name} imports inside"


def test_nn_and_optim_do_not_import_each_other() -> None:
    for path in FILES:
        own = module_name(path)
        for within, target in imports(path):
            for one, other in ("nn", "optim"), ("optim", "nn"):
                assert not (within and own.startswith(one) and target.startswith(other))


def test_importing_minigrad_loads_numpy_and_nothing_heavier() -> None:
    code = (
        "import sys, minigrad;"
        "print([m for m in ('matplotlib', 'hypothesis', 'scipy', 'torch') if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"


def test_strategies_say_what_is_missing_without_hypothesis() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import minigrad.testing.strategies"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "the strategies need it: python -m pip install hypothesis" in printed.stderr


def code_lines(path: Path) -> int:
    """The lines of code of a file, without comments, docstrings and blanks."""
    import io
    import tokenize

    text = path.read_text()
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            first = node.body[0]
            skipped |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    seen: set[int] = set()
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent | {tokenize.ENDMARKER}:
            seen |= set(range(token.start[0], token.end[0] + 1))
    return len(seen - skipped)


def test_size_is_a_feature() -> None:
    sizes = {path: code_lines(path) for path in FILES}
    engine = sum(
        n for path, n in sizes.items() if module_name(path).startswith(("autograd", "ops"))
    )
    assert engine < 1200
    assert sum(sizes.values()) < 4000
