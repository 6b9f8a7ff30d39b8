"""Small real data sets, shipped inside the package; LICENSES.md names their sources."""

from .real import Diabetes as Diabetes
from .real import Digits as Digits
from .real import diabetes as diabetes
from .real import digits as digits
