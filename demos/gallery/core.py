"""The core of an experiment: of a module's source, its run and whatever that needs there."""

from __future__ import annotations

import ast
import keyword
import tokenize
from collections.abc import Iterator
from io import StringIO
from itertools import accumulate

from markupsafe import Markup, escape

ENTRY = "run"


def core(source: str) -> str:
    """The statements that define the names that ``run`` uses, and those that these use in turn."""
    body = ast.parse(source).body
    defining = {name: statement for statement in body for name in _defined(statement)}
    needed: list[ast.stmt] = []
    names = [ENTRY]
    for name in names:  # which grow meanwhile
        statement = defining.get(name)
        if statement and statement not in needed:
            needed.append(statement)
            names += [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
    return _text(source.splitlines(), [statement for statement in body if statement in needed])


def highlighted(code: str) -> Markup:
    """Its keywords, strings and comments marked."""
    starts = [0, *accumulate(map(len, code.splitlines(keepends=True)))]
    parts, done = [], 0
    for token in tokenize.generate_tokens(StringIO(code).readline):
        kind = _kind(token)
        start, end = (starts[line - 1] + column for line, column in (token.start, token.end))
        if kind and start >= done:
            marked = Markup('<span class="{}">{}</span>').format(kind, code[start:end])
            parts += [escape(code[done:start]), marked]
            done = end
    return Markup("").join([*parts, escape(code[done:])])


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in names)
        case ast.Assign() | ast.AnnAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for node in (node for target in targets for node in ast.walk(target)):
                if isinstance(node, ast.Name):
                    yield node.id


def _text(lines: list[str], statements: list[ast.stmt]) -> str:
    """As in the source; two blank lines around functions and classes."""
    text = ""
    for before, statement in zip([None, *statements], statements, strict=False):
        blocks = isinstance(before, _BLOCKS) or isinstance(statement, _BLOCKS)
        new_part = isinstance(before, _IMPORTS) and not isinstance(statement, _IMPORTS)
        if before:
            text += "\n\n\n" if blocks else "\n\n" if new_part else "\n"
        decorators = getattr(statement, "decorator_list", [])
        first = min(node.lineno for node in [statement, *decorators])
        text += "\n".join(lines[first - 1 : statement.end_lineno])
    return text


_BLOCKS = (ast.FunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


def _kind(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.COMMENT:
        return "comment"
    if "STRING" in tokenize.tok_name[token.type]:  # from Python 3.12 on an f-string has parts
        return "string"
    return "keyword" if keyword.iskeyword(token.string) else ""
