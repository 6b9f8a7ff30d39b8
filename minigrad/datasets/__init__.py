"""Small real data sets, shipped inside the package; LICENSES.md names their sources."""

from .real import Diabetes as Diabetes, Digits as Digits, diabetes as diabetes, digits as digits
