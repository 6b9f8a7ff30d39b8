"""The table of derivatives, by family; importing it fills the registry."""

from . import constants as constants
from . import elementwise as elementwise
from . import index as index
from . import linalg as linalg
from . import reduce as reduce
from . import shape as shape
