"""The functions as modules: their options are given once, when the module is built."""

from inspect import Signature, signature
from typing import Any, ClassVar

from ..ranges import check_fields
from .module import Buffer, Module


class Layer(Module):
    """A function of an input, or of input and target, and its options, as a module.

    ``class LeakyReLU(Layer, of=leaky_relu)`` takes what ``leaky_relu`` takes after its input, in
    the same order with the same defaults, and keeps it in attributes; tensors become buffers.
    ``inplace=`` is accepted, but nothing is changed in place.
    """

    function: ClassVar[Any]
    taken: ClassVar[list[str]]  # by the function, after input and target
    __signature__: ClassVar[Signature]

    def __init_subclass__(cls, of: Any = None) -> None:
        if of is not None:
            given = signature(of).parameters.items()
            taken = {name: option for name, option in given if name not in ("input", "target")}
            cls.function, cls.taken = staticmethod(of), list(taken)
            cls.__signature__ = Signature([p for k, p in taken.items() if k != "training"])
            if not taken:
                cls.forward = staticmethod(of)  # type: ignore[method-assign]  # a call less

    def __init__(self, *args: Any, inplace: bool = False, **options: Any) -> None:
        try:
            given = self.__signature__.bind(*args, **options)
        except TypeError as error:
            name = type(self).__name__
            raise TypeError(f"{name} expects {self.__signature__}, but {error}") from None
        given.apply_defaults()
        self.training = True  # in the dictionary, where forward looks
        for name, value in given.arguments.items():
            setattr(self, name, Buffer(value) if hasattr(value, "shape") else value)
        check_fields(self)

    def forward(self, *inputs: Any) -> Any:
        """What the function gives."""
        return self.function(*inputs, *map(vars(self).__getitem__, self.taken))

    def extra_repr(self) -> str:
        """The options that are numbers or words."""
        given = [(name, getattr(self, name)) for name in self.__signature__.parameters]
        return ", ".join(f"{k}={v!r}" for k, v in given if isinstance(v, (int, float, str)))
