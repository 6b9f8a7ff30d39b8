"""Which demos there are, in the tutorial's order, and what their docstrings say."""

from __future__ import annotations

import ast
import pkgutil
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ORDER = (
    "gradient_as_direction",
    "gradient_descent_1d",
    "convergence_on_quadratics",
    "saddles_in_high_dimension",
    "saddles_of_a_network",
    "many_good_minima",
    "flat_region",
    "sigmoid_saturation",
    "vanishing_gradient",
    "training_with_depth",
    "xavier_initialisation",
    "he_initialisation",
    "gaussian_products",
    "activation_functions",
    "dead_at_birth",
    "dying_relu",
    "gradient_through_time",
    "lstm_against_rnn",
    "reading_digits_by_pixel",
    "batch_normalisation",
    "batch_noise",
    "residual_networks",
    "convolutional_resnet",
    "exploding_gradient_cliff",
    "exploding_gradient_wall",
    "exploding_gradient_rnn",
    "clipping_is_faster",
    "exploding_gradients",
    "rate_times_target",
    "exploding_gradients_diabetes",
    "clip_geometry",
    "loss_scaling",
)
LABELS = {  # in this order; whether a docstring must have it
    "The tutorial says": True,
    "Theory predicts": True,
    "Where they disagree": False,
    "Experiment": True,
    "Sources": True,
    "Command": True,
}


@dataclass(frozen=True)
class Page:
    """What a docstring says: its first line, and under each label one paragraph or more."""

    title: str
    sections: dict[str, list[str]]


def names() -> list[str]:
    """The demos of this package: the modules whose docstring says what the tutorial says."""
    modules = [module.name for module in pkgutil.iter_modules([str(FOLDER)]) if not module.ispkg]
    found = [name for name in modules if "\n\nThe tutorial says:" in _docstring(name)]
    return sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def page(name: str) -> Page:
    """What the docstring of a demo says."""
    try:
        return parse(_docstring(name))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def parse(docstring: str) -> Page:
    """A docstring by its labels: a paragraph that starts with none belongs to the one before."""
    title, *paragraphs = (" ".join(text.split()) for text in docstring.strip().split("\n\n"))
    sections: dict[str, list[str]] = {}
    for paragraph in paragraphs:
        label, colon, text = paragraph.partition(": ")
        if colon and label in sections:
            raise ValueError(f"each label is expected once, got {label!r} again")
        if colon and label in LABELS:
            sections[label] = [text]
        elif sections:
            sections[next(reversed(sections))].append(paragraph)
        else:
            raise ValueError(f"a label is expected after the title, got {paragraph!r}")
    wanted = [label for label, needed in LABELS.items() if needed or label in sections]
    if list(sections) != wanted:
        raise ValueError(f"the labels {wanted} are expected in this order, got {list(sections)}")
    return Page(title, sections)


def _docstring(name: str) -> str:
    # Read, not imported: a demo that cannot be imported is listed too, and says why when it is run.
    return ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text("utf-8"))) or ""
