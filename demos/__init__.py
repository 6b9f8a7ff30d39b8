"""The phenomena of gradient descent, one a file: experiments with claims, controls and figures.

``python -m demos`` runs them. `protocol` says what a demo is made of, `catalogue` which there are.
"""

import os

# The number of BLAS threads changes the rounding of a product, and results must not depend on how
# many processes share the machine. BLAS reads these when NumPy is first imported: after this line.
for _library in "OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM":
    os.environ[f"{_library}_NUM_THREADS"] = "1"
