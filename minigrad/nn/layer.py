"""The functions as modules: their options are given once, when the module is built."""

from inspect import Signature, signature
from typing import TYPE_CHECKING, Any, ClassVar

from ..ranges import check_fields
from .module import Buffer, Module


class Layer(Module):
    """A function of an input, or of input and target, and its options, as a module.

    ``class LeakyReLU(Layer, of=leaky_relu)`` takes what ``leaky_relu`` takes after its input, in
    the same order with the same defaults, and keeps it in attributes; tensors become buffers.
    ``inplace=`` is accepted, but nothing is changed in place.
    """

    taken: ClassVar[list[str]]  # the names of the options
    __signature__: ClassVar[Signature]

    def __init_subclass__(cls, of: Any = None) -> None:
        if of is not None:
            given = signature(of).parameters.values()
            options = [p for p in given if p.name not in ("input", "target", "training")]
            cls.__signature__, cls.taken = Signature(options), [p.name for p in options]

            def forward(self: Any, *inputs: Any) -> Any:
                """What the function gives."""
                return of(*inputs, *map(vars(self).__getitem__, self.taken))

            if "forward" not in vars(cls):
                cls.forward = forward if options else staticmethod(of)  # type: ignore[method-assign]

    def __init__(self, *args: Any, inplace: bool = False, **options: Any) -> None:
        try:
            given = self.__signature__.bind(*args, **options)
        except TypeError as error:
            name = type(self).__name__
            raise TypeError(f"{name} expects {self.__signature__}, but {error}") from None
        given.apply_defaults()
        for name, value in given.arguments.items():
            setattr(self, name, Buffer(value) if hasattr(value, "shape") else value)
        check_fields(self)

    def extra_repr(self) -> str:
        """The options that are numbers or words; a loss shows none, as in PyTorch."""
        given = [(k, getattr(self, k)) for k in self.taken if "reduction" not in self.taken]
        return ", ".join(f"{k}={v!r}" for k, v in given if isinstance(v, (int, float, str)))

    if TYPE_CHECKING:  # the options

        def __getattr__(self, name: str) -> Any: ...
